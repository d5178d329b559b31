package exec_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// truthDir holds what a real backend did with a number of specs. It is kept
// beside the repository, not in it.
const truthDir = "../../shared/kfp/truth"

// laterCases are those with control flow, which Run must refuse by name.
var laterCases = []string{
	"collected", "collected-nested", "cond-err-missing", "cond-err-notbool", "cond-err-type",
	"cond-false-forms", "cond-skipped-output", "cond-task-output", "exit-fail", "importer",
	"loop-empty-collect", "loop-items-string", "loop-param", "oneof-elif", "oneof-else",
}

// otherCases cannot be repeated here, with the reason.
var otherCases = map[string]string{
	"ir-no-image": "the backend waits for an image for ever; without containers none is needed",
}

type truth struct {
	State string               `json:"state"`
	Tasks map[string]truthTask `json:"tasks"`
}

type truthTask struct {
	State     string         `json:"state"`
	Inputs    map[string]any `json:"inputs"`
	Outputs   map[string]any `json:"outputs"`
	Artifacts map[string]any `json:"artifacts"`
	Types     map[string]any `json:"artifact_types"`
	Attempts  int            `json:"attempts"`
	Message   string         `json:"message"`
}

// The specs sleep so that things happen in a certain order on a cluster.
var (
	sleeps   = regexp.MustCompile(`sleep \d+`)
	backoffs = regexp.MustCompile(`backoffDuration: \d+s`)
)

func TestTruth(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(truthDir, "*.yaml"))
	if len(files) == 0 {
		t.Skipf("no recorded cases in %s", truthDir)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reason := otherCases[name]; reason != "" {
				t.Skip(reason)
			}
			var want truth
			readJSON(t, strings.TrimSuffix(file, ".yaml")+".truth.json", &want)
			res, err := runTruth(t, file)
			if later := slices.Contains(laterCases, name); later {
				if err == nil || !strings.Contains(err.Error(), "cannot be run on this machine yet") {
					t.Fatalf("control flow was not refused: %v", err)
				}
				t.Skip(err)
			}
			if want.State == "REFUSED" {
				if err == nil || res != nil {
					t.Fatalf("a spec that the backend refuses ran: %+v", res)
				}
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(res.State) != want.State {
				t.Errorf("state is %s, want %s", res.State, want.State)
			}
			compareTasks(t, name, res, want)
		})
	}
}

func runTruth(t *testing.T, file string) (*exec.Result, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data = sleeps.ReplaceAll(data, []byte("sleep 0"))
	data = backoffs.ReplaceAll(data, []byte("backoffDuration: 0s"))
	spec, err := compiler.Read(data)
	if err != nil {
		return nil, err
	}
	params := map[string]any{}
	if path := strings.TrimSuffix(file, ".yaml") + ".params.json"; exists(path) {
		var st structpb.Struct
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.UnmarshalJSON(b); err != nil {
			t.Fatal(err)
		}
		for k, v := range st.Fields {
			params[k] = v
		}
	}
	return exec.Run(t.Context(), spec, exec.WithStorage(t.TempDir()), exec.WithParameters(params))
}

// varying are recorded values that hold ids, times or paths of the cluster.
var varying = map[string]bool{
	"meta/j":                                  true,
	"the-task/pipeline_job_name":              true,
	"the-task/pipeline_job_resource_name":     true,
	"the-task/pipeline_job_uuid":              true,
	"the-task/pipeline_task_uuid":             true,
	"the-task/pipeline_job_create_time_utc":   true,
	"the-task/pipeline_job_schedule_time_utc": true,
}

func compareTasks(t *testing.T, name string, res *exec.Result, want truth) {
	for _, key := range slices.Sorted(maps.Keys(want.Tasks)) {
		w := want.Tasks[key]
		got := res.Task(key)
		if got == nil {
			t.Errorf("%s: not in the result", key)
			continue
		}
		if string(got.State) != w.State {
			t.Errorf("%s: state is %s, want %s (%v)", key, got.State, w.State, got.Err)
		}
		if w.Message != "" && got.Err == nil {
			t.Errorf("%s: no error, want %q", key, w.Message)
		} else if got.Err != nil {
			t.Logf("%s:\n  here:  %v\n  there: %s", key, got.Err, w.Message)
		}
		if w.Attempts > 0 && got.Attempts != w.Attempts {
			t.Errorf("%s: %d attempts, want %d", key, got.Attempts, w.Attempts)
		}
		params, artifacts, types := map[string]any{}, map[string]any{}, map[string]any{}
		for _, o := range got.Outputs {
			if o.Parameter != nil {
				params[o.Name] = o.Parameter.AsInterface()
			} else {
				artifacts[o.Name] = content(t, o.Artifact)
				types[o.Name] = o.Artifact.Type
			}
		}
		inputs := map[string]any{}
		for k, v := range got.Inputs {
			inputs[k] = v.AsInterface()
		}
		compare(t, key, "inputs", inputs, w.Inputs)
		if got.Dag {
			continue // the backend records no outputs of a dag
		}
		compare(t, key, "outputs", params, w.Outputs)
		compare(t, key, "artifacts", artifacts, w.Artifacts)
		compare(t, key, "types", types, w.Types)
	}
	for _, got := range res.Tasks {
		if _, ok := want.Tasks[got.Path]; !ok {
			t.Errorf("%s: the backend ran no such task", got.Path)
		}
	}
}

func compare(t *testing.T, task, what string, got, want map[string]any) {
	t.Helper()
	for k := range want {
		if _, there := got[k]; there && varying[task+"/"+k] {
			got[k] = want[k]
		}
	}
	if len(got)+len(want) == 0 {
		return
	}
	// Numbers of both sides are float64; artifacts are text.
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s (-backend +here)\n%s", task, what, d)
	}
}

// content is an artifact as the truth files have it: text, a map for a folder,
// nil when nothing is there.
func content(t *testing.T, a *exec.Artifact) any {
	path, err := a.Path()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	read := func(p string) string {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if !info.IsDir() {
		return read(path)
	}
	files := map[string]any{}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(path, p)
			files[rel] = read(p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readJSON(t *testing.T, path string, to any) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
