// Package kfptest is a Kubeflow Pipelines server for tests of clients: of
// package kfp, and of programs that embed Fuse. It speaks as KFP 2.17 does, or
// as the servers after it do, over real HTTP; what runs are sent to it, the
// local engine runs.
//
//	server := kfptest.Start(t, kfptest.WithWorkflow(wf))
//	client, err := kfp.New(server.URL)
//	run, err := client.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
//	err = server.WaitRun(t.Context(), run.ID)
//
// What it serves has the shapes that were observed on a real server: the REST
// API v2beta1, with the nodes of the Argo workflow that a run becomes; metadata
// of either generation; logs with the launcher's lines in them; and the
// artifacts, under addresses in an object store that is none.
//
// What is different from a real server, on purpose:
//
//   - There is no cluster. Containers' commands are programs of this machine,
//     functions run as the options say, and what the engine cannot run, or
//     finds wrong with the parameters, is refused when the run is created.
//   - Nothing is taken from a cache.
//   - A run that is retried runs all of its tasks again.
//   - Recurring runs make no runs.
//   - There is one user, of one namespace.
//
// Everything is kept in the storage folder, each thing in a file of its own
// that appears whole or not at all. A server that opens the folder again has
// what was there. Runs that had not ended have FAILED by then, since what ran
// them is gone; Restart, which starts the API server alone again, lets them go
// on, as a cluster does.
package kfptest
