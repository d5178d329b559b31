package compiler

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
)

// A populator sets every field of a message, so that no field can be
// forgotten by the writer. Of each oneof it sets the member that its turn
// chooses.
type populator struct {
	turn  int
	count int
	depth int
}

var texts = []string{"plain", "", "quote \" back \\ slash /", "tab\t\b\f\r\nline", "\x00\x01\x1f\x7f", "żółć 世界 🙂 \u2028 \ufffd", "<a href='x'>&amp;</a>", "{{$}}"}

func (p *populator) message(m protoreflect.Message) {
	p.depth++
	defer func() { p.depth-- }()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if one := fd.ContainingOneof(); one != nil && fd.Index() != one.Fields().Get((p.turn+p.count)%one.Fields().Len()).Index() {
			continue
		}
		if p.depth > 12 && fd.Message() != nil && fd.ContainingOneof() == nil {
			continue
		}
		switch {
		case fd.Name() == "deployment_spec" && m.Descriptor().Name() == "PipelineSpec":
		case fd.IsMap():
			mp := m.Mutable(fd).Map()
			for _, k := range []string{"zebra", "a b", "Apple", "ż"} {
				mp.Set(protoreflect.ValueOfString(k).MapKey(), p.value(fd.MapValue(), mp.NewValue))
			}
		case fd.IsList():
			l := m.Mutable(fd).List()
			for range 3 {
				l.Append(p.value(fd, l.NewElement))
			}
		default:
			m.Set(fd, p.value(fd, func() protoreflect.Value { return m.NewField(fd) }))
		}
	}
}

func (p *populator) value(fd protoreflect.FieldDescriptor, fresh func() protoreflect.Value) protoreflect.Value {
	p.count++
	switch fd.Kind() {
	case protoreflect.MessageKind:
		v := fresh()
		if s, ok := v.Message().Interface().(*structpb.Value); ok && p.depth > 8 {
			s.Kind = &structpb.Value_StringValue{StringValue: "deep"}
			return v
		}
		p.message(v.Message())
		return v
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(texts[p.count%len(texts)])
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(p.count%3 != 0)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(p.count))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(math.MinInt64 + int64(p.count))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64([]float64{1, -0.5, 1e-7, 1.5e-10, 1e21, 123456789, 1e20, math.Copysign(0, -1)}[p.count%8])
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(p.count % 9)) // some of no name
	}
	panic(fmt.Sprintf("field %s has a kind that the test does not know: %s", fd.FullName(), fd.Kind()))
}

func TestMarshalEqualsProtojsonWithEveryField(t *testing.T) {
	for turn := range 8 {
		s := &Spec{Pipeline: new(pipelinespec.PipelineSpec), Deployment: new(pipelinespec.PipelineDeploymentConfig)}
		p := populator{turn: turn}
		p.message(s.Pipeline.ProtoReflect())
		p.message(s.Deployment.ProtoReflect())
		// Durations have rules of their own: nanoseconds bear the sign of
		// the seconds, and are less than one of them.
		for _, c := range s.Pipeline.Components {
			for _, task := range c.GetDag().GetTasks() {
				task.RetryPolicy.BackoffDuration.Nanos %= 1000
			}
		}
		got, err := s.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if want := protojsonBytes(t, s); !bytes.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			from := max(0, i-200)
			t.Fatalf("turn %d: they differ at byte %d\n got …%.400s\nwant …%.400s", turn, i, got[from:], want[from:])
		}
		// And back: nothing of it is unknown to Read.
		again := mustReadLoose(t, got)
		if !proto.Equal(again.Pipeline, s.Pipeline) || !proto.Equal(again.Deployment, s.Deployment) {
			t.Errorf("turn %d: read back, the messages differ", turn)
		}
		if len(again.unknown) > 0 || len(again.newer) > 0 {
			t.Errorf("turn %d: unknown fields %q, newer fields %q", turn, again.unknown, again.newer)
		}
	}
}

// mustReadLoose reads a spec without the checks that a populated one, of any
// schema version, would not pass.
func mustReadLoose(t *testing.T, data []byte) *Spec {
	t.Helper()
	m := mustTree(t, data).(map[string]any)
	version := m["schemaVersion"]
	delete(m, "schemaVersion")
	s := new(Spec)
	if err := s.fromTree(m); err != nil {
		t.Fatal(err)
	}
	s.Pipeline.SchemaVersion, _ = version.(string)
	return s
}

func TestAppendStringEqualsProtojson(t *testing.T) {
	all := append([]string{strings.Repeat("x", 10000), "é", "a\u0300"}, texts...)
	for c := range rune(0x300) {
		all = append(all, "<"+string(c)+">")
	}
	for _, s := range all {
		want, err := protojson.Marshal(structpb.NewStringValue(s))
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendString(nil, s)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("appendString(%q) = %s, %v; protojson has %s", s, got, err, want)
		}
	}
	if _, err := appendString(nil, "a\xffb"); err == nil {
		t.Error("text that is not UTF-8 was written")
	}
}

func TestMarshalRefusesWhatJSONCannotHold(t *testing.T) {
	inputs := func(v *structpb.Value) *Spec {
		return &Spec{Pipeline: &pipelinespec.PipelineSpec{Root: &pipelinespec.ComponentSpec{
			InputDefinitions: &pipelinespec.ComponentInputsSpec{
				Parameters: map[string]*pipelinespec.ComponentInputsSpec_ParameterSpec{"p": {DefaultValue: v}},
			},
		}}}
	}
	for name, s := range map[string]*Spec{
		"invalid UTF-8":     {Pipeline: &pipelinespec.PipelineSpec{SdkVersion: "\xff"}},
		"NaN in a value":    inputs(structpb.NewNumberValue(math.NaN())),
		"value of no kind":  inputs(&structpb.Value{}),
		"platform, no tree": {Pipeline: &pipelinespec.PipelineSpec{}, Platform: map[string]any{"platforms": 1}},
	} {
		if b, err := s.MarshalJSON(); err == nil {
			t.Errorf("%s: written as %s", name, b)
		}
		if b, err := s.MarshalYAML(); err == nil {
			t.Errorf("%s: written as %s", name, b)
		}
	}
}
