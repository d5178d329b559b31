package compiler

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MarshalJSON returns the spec as compact JSON: {"pipeline_spec": …,
// "platform_spec": …} when it has a platform part, else the bare pipeline
// spec. Both are what KFP accepts inline in a run.
//
// The bytes are those of protojson with every insignificant space removed,
// and depend on nothing but the spec: protojson itself spaces its output at
// random, and is slow.
func (s *Spec) MarshalJSON() ([]byte, error) {
	w := jsonWriter{plans: make(map[protoreflect.FullName]*plan), written: make(map[proto.Message][2]int)}
	if s.Pipeline != nil {
		// A guess that spares large specs the copying as the buffer grows.
		w.buf = make([]byte, 0, 1024+1280*len(s.Pipeline.GetComponents()))
	}
	if len(s.Platform) > 0 {
		w.buf = append(w.buf, `{"pipeline_spec":`...)
	}
	if err := w.pipeline(s); err != nil {
		return nil, fmt.Errorf("write pipeline spec: %w", err)
	}
	if len(s.Platform) > 0 {
		w.buf = append(w.buf, `,"platform_spec":`...)
		var err error
		if w.buf, err = appendTree(w.buf, s.Platform); err != nil {
			return nil, fmt.Errorf("write platform spec: %w", err)
		}
		w.buf = append(w.buf, '}')
	}
	return w.buf, nil
}

// MarshalIndentJSON returns the JSON of MarshalJSON with one field a line and
// a newline at the end: the form for files, which people read and compare.
func (s *Spec) MarshalIndentJSON() ([]byte, error) {
	b, err := s.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, fmt.Errorf("indent spec: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// pipeline writes the pipeline spec with the typed deployment part where
// protojson has the field deploymentSpec.
func (w *jsonWriter) pipeline(s *Spec) error {
	m := s.Pipeline.ProtoReflect()
	w.buf = append(w.buf, '{')
	first := true
	for _, f := range w.plan(m.Descriptor()).fields {
		over := s.extra.key(f.name)
		if f.name == "deploymentSpec" {
			if s.Deployment == nil && over == nil {
				continue
			}
			w.comma(&first)
			w.buf = append(w.buf, f.quote...)
			w.sorted = true
			if s.Deployment == nil {
				if err := w.lay(over); err != nil {
					return err
				}
			} else if err := w.message(s.Deployment.ProtoReflect(), over); err != nil {
				return err
			}
			w.sorted = false
			continue
		}
		if err := w.field(m, f, over, &first); err != nil {
			return err
		}
	}
	if err := w.unknown(w.plan(m.Descriptor()), s.extra, &first); err != nil {
		return err
	}
	w.buf = append(w.buf, '}')
	return nil
}
