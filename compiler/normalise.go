package compiler

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A normaliser brings a tree to the names that protojson writes, where it also
// reads those of the .proto file (pipeline_info for pipelineInfo), and
// finds the fields that messages do not have.
type normaliser struct{ spec *Spec }

// newerField tells whether KFP has added a field of that name since the Go
// module of the spec was made.
func newerField(name string) bool {
	switch name {
	case "cacheKey", "literals", "taskName", "taskConfigPassthroughs", "downloadToWorkspace",
		"cache_key", "task_name", "task_config_passthroughs", "download_to_workspace":
		return true
	}
	return false
}

// message returns t, a message of type md, with its fields renamed. Trees that
// are no object are left for protojson to complain about.
func (n *normaliser) message(t tree, md protoreflect.MessageDescriptor, path string) tree {
	m, ok := t.(map[string]any)
	if !ok || md.FullName().Parent() == "google.protobuf" {
		return t
	}
	for _, k := range sortedKeys(m) {
		v := m[k]
		fd := md.Fields().ByJSONName(k)
		if fd == nil {
			if fd = md.Fields().ByTextName(k); fd == nil {
				if newerField(k) {
					n.spec.newer = append(n.spec.newer, join(path, k))
				} else {
					n.spec.unknown = append(n.spec.unknown, join(path, k))
				}
				continue
			}
			if _, both := m[fd.JSONName()]; !both {
				delete(m, k)
				k = fd.JSONName()
			}
		}
		m[k] = n.field(v, fd, join(path, k))
	}
	return m
}

func (n *normaliser) field(t tree, fd protoreflect.FieldDescriptor, path string) tree {
	switch {
	case fd.IsMap():
		m, ok := t.(map[string]any)
		if md := fd.MapValue().Message(); ok && md != nil {
			for _, k := range sortedKeys(m) {
				m[k] = n.message(m[k], md, join(path, k))
			}
		}
	case fd.Message() == nil:
	case fd.IsList():
		if list, ok := t.([]any); ok {
			for i := range list {
				list[i] = n.message(list[i], fd.Message(), path)
			}
		}
	default:
		return n.message(t, fd.Message(), path)
	}
	return t
}

// join makes paths as errors show them: root/dag/tasks/node1.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "/" + key
}
