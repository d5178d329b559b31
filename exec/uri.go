package exec

import (
	"fmt"
	"path/filepath"
	"strings"
)

// artifactPath returns where the artifact of that address is found inside a
// container: KFP's launcher mounts, or copies, object stores under folders of
// their own. An absolute path stands for itself.
func artifactPath(uri string) (string, error) {
	for scheme, folder := range map[string]string{"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/"} {
		if rest, ok := strings.CutPrefix(uri, scheme); ok {
			return folder + rest, nil
		}
	}
	if rest, ok := strings.CutPrefix(uri, "oci://"); ok {
		return "/oci/" + strings.ReplaceAll(rest, "/", "_") + "/models", nil
	}
	if rest, ok := strings.CutPrefix(uri, "file://"); ok {
		uri = rest
	}
	if filepath.IsAbs(uri) {
		return filepath.Clean(uri), nil
	}
	return "", fmt.Errorf("nothing is known of where %q is on this machine", uri)
}
