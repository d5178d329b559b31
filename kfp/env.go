package kfp

// The environment variables that the Python client knows, too.
const (
	// EnvHost names the server's address.
	EnvHost = "KF_PIPELINES_ENDPOINT"
	// EnvDashboard names the dashboard's address, where it is another.
	EnvDashboard = "KF_PIPELINES_UI_ENDPOINT"
	// EnvTokenFile names the file of the token, which in a cluster is mostly
	// DefaultTokenFile.
	EnvTokenFile = "KF_PIPELINES_SA_TOKEN_PATH"
)

// DefaultTokenFile is where pods have the token for KFP, if their spec asks for
// one.
const DefaultTokenFile = "/var/run/secrets/kubeflow/pipelines/token"

// FromEnv returns the host, "" where there is none, and the options that the
// environment gives, for New. A variable that is empty counts as not set.
// lookup is mostly os.LookupEnv; New itself reads no environment but that of
// proxies.
func FromEnv(lookup func(name string) (string, bool)) (host string, opts []Option) {
	host, _ = lookup(EnvHost)
	if dashboard, _ := lookup(EnvDashboard); dashboard != "" {
		opts = append(opts, WithDashboard(dashboard))
	}
	if path, _ := lookup(EnvTokenFile); path != "" {
		opts = append(opts, WithTokenFile(path))
	}
	return host, opts
}
