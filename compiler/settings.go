package compiler

import (
	"strconv"
	"strings"
	"time"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type (
	resourceSpec      = pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec_ResourceSpec
	acceleratorConfig = pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec_ResourceSpec_AcceleratorConfig
	envVar            = pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec_EnvVar
)

// container fills the container of a node's executor.
func (c *compilation) container(n *starlarkfuse.Node, p *nodeParts) error {
	set := n.Settings()
	task := c.task
	task.Fingerprint = n.Fingerprint()
	p.spec.Image = c.image
	p.spec.Command = c.shared.command
	p.spec.Args = task.args()

	p.env.Name, p.env.Value = NodeVariable, FormatNodes(n.Name())
	env := make([]*envVar, 1, 1+len(set.Env))
	env[0] = &p.env
	for _, e := range set.Env {
		env = append(env, &envVar{Name: e.Name, Value: e.Value})
	}
	p.spec.Env = env
	var err error
	p.spec.Resources, err = resources(n)
	return err
}

// resources returns what a node asks of its machine, as the KFP SDK of today
// writes it: in the notation of Kubernetes for servers of today, and as
// numbers of CPUs and of 10⁹ bytes for older ones.
func resources(n *starlarkfuse.Node) (*resourceSpec, error) {
	set := n.Settings()
	if set.AcceleratorLimit != "" && set.AcceleratorType == "" {
		return nil, fail(n.Pos(), "name it with set_accelerator_type, for instance nvidia.com/gpu",
			"node %q asks for %s accelerators of no type", n.Name(), set.AcceleratorLimit)
	}
	if set.CPULimit == "" && set.CPURequest == "" && set.MemoryLimit == "" && set.MemoryRequest == "" && set.AcceleratorType == "" {
		return nil, nil
	}
	r := &resourceSpec{
		CpuLimit: cpus(set.CPULimit), ResourceCpuLimit: set.CPULimit,
		CpuRequest: cpus(set.CPURequest), ResourceCpuRequest: set.CPURequest,
		MemoryLimit: gigabytes(set.MemoryLimit), ResourceMemoryLimit: set.MemoryLimit,
		MemoryRequest: gigabytes(set.MemoryRequest), ResourceMemoryRequest: set.MemoryRequest,
	}
	if set.AcceleratorType != "" {
		count := set.AcceleratorLimit
		if count == "" {
			// KFP ignores a type without a number.
			count = "1"
		}
		number, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return nil, fail(n.Pos(), "", "node %q asks for %q accelerators, which is no number", n.Name(), count)
		}
		r.Accelerator = &acceleratorConfig{
			Type: set.AcceleratorType, ResourceType: set.AcceleratorType,
			Count: number, ResourceCount: count,
		}
	}
	return r, nil
}

// cpus returns a Kubernetes quantity of CPUs ("500m") as a number; 0 for none.
func cpus(q string) float64 {
	milli := strings.HasSuffix(q, "m")
	f, err := strconv.ParseFloat(strings.TrimSuffix(q, "m"), 64)
	if err != nil {
		return 0
	}
	if milli {
		return f / 1000
	}
	return f
}

// gigabytes returns a Kubernetes quantity of bytes ("4Gi") as a number of 10⁹
// bytes; 0 for none.
func gigabytes(q string) float64 {
	digits := strings.TrimRight(q, "KMGTPEi")
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0
	}
	unit, base := q[len(digits):], 1000.0
	if strings.HasSuffix(unit, "i") {
		unit, base = unit[:1], 1024
	}
	for range 1 + strings.Index("KMGTPE", unit) {
		if unit == "" {
			break
		}
		f *= base
	}
	return f / 1e9
}

// taskSettings fills what KFP does with the task of a node.
//
// A node's timeout is not among it: the platform spec's activeDeadlineSeconds
// counts over all attempts of a task, while set_timeout bounds each one. The
// entrypoint in the container, which has the node's settings from the file,
// does it exactly, on every server.
func (c *compilation) taskSettings(n *starlarkfuse.Node, key string, p *nodeParts) {
	set := n.Settings()
	p.task.CachingOptions = c.shared.cached
	if set.Caching != nil && !*set.Caching {
		p.task.CachingOptions = c.shared.uncached
	} else if set.CacheKey != "" {
		// Newer than the Go module.
		if c.spec.extra == nil {
			c.spec.extra = &patch{}
		}
		path := []string{"root", "dag", "tasks", key, "cachingOptions", "cacheKey"}
		c.spec.extra.set(set.CacheKey, path...)
		c.spec.newer = append(c.spec.newer, strings.Join(path, "/"))
	}
	if r := set.Retry; r != nil {
		p.task.RetryPolicy = retryPolicy(r)
	}
	// KFP starts such a task once an upstream task has ended; without one it
	// would never start it.
	if set.IgnoreUpstreamFailure && len(p.task.DependentTasks) > 0 {
		p.task.TriggerPolicy = c.shared.completed
	}
}

// retryPolicy returns a node's retries as KFP's, which counts pods that were
// lost; retries of a function that fails are the entrypoint's.
func retryPolicy(r *starlarkfuse.Retry) *pipelinespec.PipelineTaskSpec_RetryPolicy {
	factor, longest := r.Factor, r.MaxBackoff
	if factor == 0 {
		factor = 2
	}
	if longest == 0 {
		longest = time.Hour
	}
	return &pipelinespec.PipelineTaskSpec_RetryPolicy{
		MaxRetryCount:      int32(min(r.Count, 1<<31-1)),
		BackoffDuration:    durationpb.New(r.Backoff),
		BackoffFactor:      factor,
		BackoffMaxDuration: durationpb.New(longest),
	}
}
