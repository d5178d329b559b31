// Package mlmd has the messages of ML Metadata that tell of a KFP run, and
// reads and writes them as protocol buffers.
//
// They are written by hand, with the fields that are of use only: they are few,
// and the code that protoc-gen-go makes for them registers itself at the start
// of a program that starts once for each task. Fields are named as in
// ml_metadata/proto/metadata_store.proto, and each has its number beside it.
// Unknown fields are ignored.
package mlmd

// Service is the path of the service; methods follow.
const Service = "/ml_metadata.MetadataStoreService/"

// The methods.
const (
	GetContext         = Service + "GetContextByTypeAndName"
	GetExecutions      = Service + "GetExecutionsByContext"
	GetEvents          = Service + "GetEventsByExecutionIDs"
	GetArtifacts       = Service + "GetArtifactsByContext"
	GetArtifactsByID   = Service + "GetArtifactsByID"
	ContextTypeRun     = "system.PipelineRun"
	ExecutionTypeGroup = "system.DAGExecution"
)

// MaxPage is the most that the server puts on a page.
const MaxPage = 100

// The states of executions.
const (
	StateUnknown  = 0
	StateNew      = 1
	StateRunning  = 2
	StateComplete = 3
	StateFailed   = 4
	StateCached   = 5
	StateCanceled = 6
)

// The types of events that say that an execution gave an artifact out.
const (
	EventDeclaredOutput = 1
	EventInput          = 3
	EventOutput         = 4
)

// Properties are the properties of a thing: int64, float64, string, bool, or a
// structure as map[string]any.
type Properties map[string]any

// Text returns a property that is text, else "".
func (p Properties) Text(name string) string {
	s, _ := p[name].(string)
	return s
}

// Int returns a property that is an integer.
func (p Properties) Int(name string) (int64, bool) {
	i, ok := p[name].(int64)
	return i, ok
}

// Struct returns a property that is a structure, else nil.
func (p Properties) Struct(name string) map[string]any {
	s, _ := p[name].(map[string]any)
	return s
}

// A Context is what executions and artifacts belong to: here, a run.
type Context struct {
	ID               int64      // 1
	CustomProperties Properties // 5
}

// An Execution is a task, or an attempt of one.
type Execution struct {
	ID               int64      // 1
	LastKnownState   int64      // 3
	CustomProperties Properties // 5
	Name             string     // 6
	Type             string     // 7
	Created          int64      // 8, in milliseconds since 1970
	Updated          int64      // 9, likewise
}

// An Event connects an execution with an artifact.
type Event struct {
	ArtifactID  int64  // 1
	ExecutionID int64  // 2
	Key         string // 3: the first key in the path's steps
	Type        int64  // 4
}

// An Artifact is an artifact.
type Artifact struct {
	ID               int64      // 1
	URI              string     // 3
	Properties       Properties // 4
	CustomProperties Properties // 5
	Name             string     // 7
	Type             string     // 8
}

// A Page is one page of a list.
type Page[T any] struct {
	Items []T    // 1
	Next  string // 2; "" on the last page
}

// A Query is a request of any of the methods; each has fields of its own.
type Query struct {
	TypeName, ContextName string  // GetContext: 1, 2
	ContextID             int64   // GetExecutions, GetArtifacts: 1
	MaxResultSize         int64   // likewise: 2, options: 1
	PageToken             string  // likewise: 2, options: 3
	IDs                   []int64 // GetEvents, GetArtifactsByID: 1
}
