package compiler

import (
	"slices"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/proto"
)

// The three kinds of message of which a spec has one for each node, and what
// they hold in the common case, are written without reflection: it is some
// ten times faster. The rest goes through jsonWriter.message. A test writes
// every field of every message, so that none can be forgotten here.

// fast writes a message of these kinds that no patch is laid over, and tells
// whether m was one.
func (w *jsonWriter) fast(m proto.Message) (bool, error) {
	switch m := m.(type) {
	case *pipelinespec.PipelineTaskSpec:
		w.task(m)
	case *pipelinespec.ComponentSpec:
		w.component(m)
	case *pipelinespec.PipelineDeploymentConfig_ExecutorSpec:
		c, ok := m.GetSpec().(*pipelinespec.PipelineDeploymentConfig_ExecutorSpec_Container)
		if !ok || c.Container == nil {
			return false, nil
		}
		w.buf = append(w.buf, `{"container":`...)
		w.container(c.Container)
		w.buf = append(w.buf, '}')
	default:
		return false, nil
	}
	err := w.err
	w.err = nil
	return true, err
}

// fastMap writes the maps that hold these messages, one for each node, when no
// patch is laid over, and tells whether the field of m was one.
func (w *jsonWriter) fastMap(m proto.Message, field string) (bool, error) {
	switch m := m.(type) {
	case *pipelinespec.DagSpec:
		if field == "tasks" {
			return true, entriesOf(w, m.Tasks)
		}
	case *pipelinespec.PipelineSpec:
		if field == "components" {
			return true, entriesOf(w, m.Components)
		}
	case *pipelinespec.PipelineDeploymentConfig:
		if field == "executors" {
			return true, entriesOf(w, m.Executors)
		}
	}
	return false, nil
}

// entriesOf writes a map of messages, sorted by key.
func entriesOf[V proto.Message](w *jsonWriter, m map[string]V) error {
	type entry struct {
		key   string
		value V
	}
	entries := make([]entry, 0, len(m))
	for k, v := range m {
		entries = append(entries, entry{k, v})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	w.open()
	for i := range entries {
		w.separate()
		w.str(entries[i].key)
		w.buf = append(w.buf, ':')
		ok, err := w.fast(entries[i].value)
		if !ok {
			err = w.message(entries[i].value.ProtoReflect(), nil)
		}
		if err == nil {
			err = w.err
		}
		if err != nil {
			return err
		}
	}
	w.close()
	return nil
}

// open and close write the braces of an object; name writes a key, which must
// need no escaping, with the comma before it.
func (w *jsonWriter) open()  { w.buf = append(w.buf, '{') }
func (w *jsonWriter) close() { w.buf = append(w.buf, '}') }
func (w *jsonWriter) name(quoted string) {
	w.separate()
	w.buf = append(w.buf, quoted...)
}

// separate writes a comma unless a brace or bracket was opened just now.
func (w *jsonWriter) separate() {
	if c := w.buf[len(w.buf)-1]; c != '{' && c != '[' {
		w.buf = append(w.buf, ',')
	}
}

// str writes a string; a failure stays in w.err.
func (w *jsonWriter) str(s string) {
	var err error
	if w.buf, err = appendString(w.buf, s); err != nil {
		w.err = err
	}
}

// text writes a field that is a string, unless it is empty.
func (w *jsonWriter) text(quoted, s string) {
	if s != "" {
		w.name(quoted)
		w.str(s)
	}
}

func (w *jsonWriter) texts(quoted string, list []string) {
	if len(list) == 0 {
		return
	}
	w.name(quoted)
	w.buf = append(w.buf, '[')
	for _, s := range list {
		w.separate()
		w.str(s)
	}
	w.buf = append(w.buf, ']')
}

// rare writes a field that is a message by reflection.
func (w *jsonWriter) rare(quoted string, m proto.Message) {
	w.name(quoted)
	if err := w.message(m.ProtoReflect(), nil); err != nil {
		w.err = err
	}
}

// each writes a field that is a map, unless it is empty.
func each[V any](w *jsonWriter, quoted string, m map[string]V, value func(V)) {
	if len(m) == 0 {
		return
	}
	w.name(quoted)
	w.open()
	var few [8]string // spares the common case an allocation
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		w.separate()
		w.str(k)
		w.buf = append(w.buf, ':')
		value(m[k])
	}
	w.close()
}

func (w *jsonWriter) task(t *pipelinespec.PipelineTaskSpec) {
	w.open()
	if i := t.GetTaskInfo(); i != nil {
		w.name(`"taskInfo":`)
		w.open()
		w.text(`"name":`, i.Name)
		w.close()
	}
	if in := t.GetInputs(); in != nil {
		w.name(`"inputs":`)
		w.open()
		each(w, `"parameters":`, in.Parameters, w.inputParameter)
		each(w, `"artifacts":`, in.Artifacts, w.inputArtifact)
		w.close()
	}
	w.texts(`"dependentTasks":`, t.GetDependentTasks())
	if c := t.GetCachingOptions(); c != nil {
		w.name(`"cachingOptions":`)
		w.open()
		if c.EnableCache {
			w.name(`"enableCache":true`)
		}
		w.close()
	}
	if r := t.GetComponentRef(); r != nil {
		w.name(`"componentRef":`)
		w.open()
		w.text(`"name":`, r.Name)
		w.close()
	}
	if p := t.GetTriggerPolicy(); p != nil {
		w.rare(`"triggerPolicy":`, p)
	}
	switch i := t.GetIterator().(type) {
	case *pipelinespec.PipelineTaskSpec_ArtifactIterator:
		w.rare(`"artifactIterator":`, i.ArtifactIterator)
	case *pipelinespec.PipelineTaskSpec_ParameterIterator:
		w.rare(`"parameterIterator":`, i.ParameterIterator)
	}
	if p := t.GetRetryPolicy(); p != nil {
		w.rare(`"retryPolicy":`, p)
	}
	if p := t.GetIteratorPolicy(); p != nil {
		w.rare(`"iteratorPolicy":`, p)
	}
	w.close()
}

func (w *jsonWriter) inputParameter(p *pipelinespec.TaskInputsSpec_InputParameterSpec) {
	w.open()
	switch k := p.GetKind().(type) {
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskOutputParameter:
		w.name(`"taskOutputParameter":`)
		w.open()
		w.text(`"producerTask":`, k.TaskOutputParameter.GetProducerTask())
		w.text(`"outputParameterKey":`, k.TaskOutputParameter.GetOutputParameterKey())
		w.close()
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_RuntimeValue:
		c, ok := k.RuntimeValue.GetValue().(*pipelinespec.ValueOrRuntimeParameter_Constant)
		if !ok || c.Constant == nil {
			w.rare(`"runtimeValue":`, k.RuntimeValue)
			break
		}
		w.name(`"runtimeValue":{"constant":`)
		var err error
		if w.buf, err = appendValue(w.buf, c.Constant); err != nil {
			w.err = err
		}
		w.close()
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_ComponentInputParameter:
		w.name(`"componentInputParameter":`)
		w.str(k.ComponentInputParameter)
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskFinalStatus_:
		w.rare(`"taskFinalStatus":`, k.TaskFinalStatus)
	}
	w.text(`"parameterExpressionSelector":`, p.GetParameterExpressionSelector())
	w.close()
}

func (w *jsonWriter) inputArtifact(a *pipelinespec.TaskInputsSpec_InputArtifactSpec) {
	w.open()
	switch k := a.GetKind().(type) {
	case *pipelinespec.TaskInputsSpec_InputArtifactSpec_TaskOutputArtifact:
		w.name(`"taskOutputArtifact":`)
		w.open()
		w.text(`"producerTask":`, k.TaskOutputArtifact.GetProducerTask())
		w.text(`"outputArtifactKey":`, k.TaskOutputArtifact.GetOutputArtifactKey())
		w.close()
	case *pipelinespec.TaskInputsSpec_InputArtifactSpec_ComponentInputArtifact:
		w.name(`"componentInputArtifact":`)
		w.str(k.ComponentInputArtifact)
	}
	w.close()
}
