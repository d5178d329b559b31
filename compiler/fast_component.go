package compiler

import (
	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/proto"
)

func (w *jsonWriter) component(c *pipelinespec.ComponentSpec) {
	w.open()
	if in := c.GetInputDefinitions(); in != nil {
		w.name(`"inputDefinitions":`)
		w.again(in)
	}
	if out := c.GetOutputDefinitions(); out != nil {
		w.name(`"outputDefinitions":`)
		w.again(out)
	}
	switch i := c.GetImplementation().(type) {
	case *pipelinespec.ComponentSpec_Dag:
		w.rare(`"dag":`, i.Dag)
	case *pipelinespec.ComponentSpec_ExecutorLabel:
		w.name(`"executorLabel":`)
		w.str(i.ExecutorLabel)
	}
	if list := c.GetSinglePlatformSpecs(); len(list) > 0 {
		w.name(`"singlePlatformSpecs":[`)
		for _, s := range list {
			w.rare("", s)
		}
		w.buf = append(w.buf, ']')
	}
	w.close()
}

// again writes a message of which a spec holds few, each many times: the
// definitions of inputs and outputs. The second time it copies.
func (w *jsonWriter) again(m proto.Message) {
	if span, ok := w.written[m]; ok {
		w.buf = append(w.buf, w.buf[span[0]:span[1]]...)
		return
	}
	start := len(w.buf)
	if in, ok := m.(*pipelinespec.ComponentInputsSpec); ok {
		w.open()
		each(w, `"artifacts":`, in.Artifacts, func(a *pipelinespec.ComponentInputsSpec_ArtifactSpec) { w.again(a) })
		each(w, `"parameters":`, in.Parameters, func(p *pipelinespec.ComponentInputsSpec_ParameterSpec) { w.again(p) })
		w.close()
	} else if err := w.message(m.ProtoReflect(), nil); err != nil {
		w.err = err
	}
	w.written[m] = [2]int{start, len(w.buf)}
}

// container writes a container with its fields in alphabetic order, which is
// that of a Struct.
func (w *jsonWriter) container(c *containerSpec) {
	w.open()
	w.texts(`"args":`, c.GetArgs())
	w.texts(`"command":`, c.GetCommand())
	if len(c.GetEnv()) > 0 {
		w.name(`"env":[`)
		for _, e := range c.GetEnv() {
			w.separate()
			w.open()
			w.text(`"name":`, e.GetName())
			w.text(`"value":`, e.GetValue())
			w.close()
		}
		w.buf = append(w.buf, ']')
	}
	w.text(`"image":`, c.GetImage())
	if l := c.GetLifecycle(); l != nil {
		w.rare(`"lifecycle":`, l)
	}
	if r := c.GetResources(); r != nil {
		w.rare(`"resources":`, r)
	}
	w.close()
}
