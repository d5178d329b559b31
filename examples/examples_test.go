// Package examples_test runs the workflows of this folder, and compares their
// specs with the ones that stand beside them.
package examples_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

var update = flag.Bool("update", false, "write the specs beside the examples anew")

// results are those of each example, as Starlark writes them.
var results = map[string]map[string]string{
	"sums.star": {
		"node2": "3",
	},
	"indexed.star": {
		"parts":  "(3, 2)",
		"spread": "7",
		"order":  `"1 < 2 < 3 < 4 < 8"`,
	},
	"iris.star": {
		"neighbours-accuracy": "0.9666666666666667",
		"neighbours-confusion": `{"setosa": {"setosa": 20, "versicolor": 0, "virginica": 0}, ` +
			`"versicolor": {"setosa": 0, "versicolor": 19, "virginica": 1}, "virginica": {"setosa": 0, "versicolor": 1, "virginica": 19}}`,
		"logistic-accuracy": "0.95",
		"logistic-confusion": `{"setosa": {"setosa": 20, "versicolor": 0, "virginica": 0}, ` +
			`"versicolor": {"setosa": 0, "versicolor": 19, "virginica": 1}, "virginica": {"setosa": 0, "versicolor": 2, "virginica": 18}}`,
	},
	"sweep.star": {
		"table": "", // checkTable looks at it
	},
}

func TestExamples(t *testing.T) {
	files, err := filepath.Glob("*.star")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(results) {
		t.Errorf("there are %d examples, and the results of %d", len(files), len(results))
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			wf, err := starlarkfuse.Load(ctx, file)
			if err != nil {
				t.Fatal(err)
			}
			spec, err := compiler.Compile(wf)
			if err != nil {
				t.Fatal(err)
			}
			compareSpec(t, spec, strings.TrimSuffix(file, ".star")+".yaml")
			run, err := exec.Run(ctx, spec, exec.WithStorage(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			if run.State != exec.Succeeded {
				t.Fatalf("the run is %s", run.State)
			}
			want := results[file]
			if len(run.Results) != len(want) {
				t.Errorf("%d results, want %d", len(run.Results), len(want))
			}
			for _, r := range run.Results {
				switch text, ok := want[r.Name]; {
				case r.Err != nil || !ok:
					t.Errorf("result %s: %v", r.Name, r.Err)
				case r.Name == "table":
					checkTable(t, r.Value)
				case r.Value.String() != text:
					t.Errorf("%s = %s, want %s", r.Name, r.Value, text)
				}
			}
		})
	}
}

// compareSpec compares the spec with the file that `fuse compile` wrote.
func compareSpec(t *testing.T, spec *compiler.Spec, golden string) {
	t.Helper()
	got, err := spec.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if it should, run make golden:\n%s", golden, diff)
	}
}

// checkTable checks the ranking of sweep.star: ten classifiers that learnt
// something, the best ones first, and no line through circles.
func checkTable(t *testing.T, v starlark.Value) {
	t.Helper()
	rows, ok := v.(*starlark.List)
	if !ok || rows.Len() != 10 {
		t.Fatalf("the table is %v", v)
	}
	last := 1.0
	for row := range rows.Elements() {
		get := func(key string) starlark.Value {
			v, _, _ := row.(*starlark.Dict).Get(starlark.String(key))
			return v
		}
		mean, _ := starlark.AsFloat(get("mean"))
		if mean > last || mean < 0.75 {
			t.Errorf("the mean of %s is %v, after %v", get("classifier"), mean, last)
		}
		last = mean
		circles, _ := starlark.AsFloat(get("circles_dataset"))
		if linear := get("classifier") == starlark.String("Linear SVM"); linear != (circles < 0.8) {
			t.Errorf("%s scores %v on circles", get("classifier"), circles)
		}
	}
}
