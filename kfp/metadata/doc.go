// Package metadata reads what became of the tasks of a KFP run: their states,
// attempts and pods, what they were given and what they gave out, from
// whichever generation of metadata the server has.
//
//	client, err := metadata.New("http://localhost:3000", http.DefaultClient)
//	run, err := client.Run(ctx, "199e0eed-73af-432f-a1ae-0f896e09f842")
//	for _, task := range run.Tasks {
//		fmt.Println(task.Path, task.State)
//	}
//
// Servers up to 2.17 keep metadata in ML Metadata, a program of its own, which
// the dashboard's host serves as gRPC-Web. Servers after it have REST resources
// in the API. The client asks for both the first time, and remembers which of
// them answered. Where neither does, as on an API server without a dashboard,
// the error is an [Unavailable], and task_details in the run is what there is.
//
// What both give is the same: a run is a tree of tasks, some of which are
// groups of others. What a server writes in its own way is made one:
//
//   - An untaken branch is SKIPPED. ML Metadata calls it CANCELED, which no
//     task that has begun ever becomes there.
//   - A loop over nothing has SUCCEEDED. Servers up to 2.17 leave it RUNNING for
//     ever, later ones call it SKIPPED.
//   - Executions of the same task, of a run that was retried say, are attempts of
//     one Task.
//
// A task that fails before its container starts, and one that is stopped, stay
// RUNNING on the servers, as do the groups that they are in and, up to 2.17,
// the root. So RUNNING means something only as long as the run has not ended;
// [Run.Settle] says what it means then. A task that never began is not there at
// all.
//
// The texts are the server's, as they are: who shows them on a terminal has to
// look for control characters.
package metadata
