// Package kfp is a client of a Kubeflow Pipelines server: of the REST API
// v2beta1, and of what the dashboard serves beside it under the same host.
//
//	client, err := kfp.New("http://localhost:3000")
//	run, err := client.CreateRun(ctx, kfp.NewRun{Name: "sums", Spec: spec})
//	fmt.Println(client.RunURL(run.ID))
//
// What every call promises:
//
//   - It ends. Each request has a timeout, waits end with the context, and
//     lists do not go round in circles.
//   - It is repeated where that is harmless: after errors of the connection,
//     408, 429 and 5xx, with growing waits, or the one that the server asks
//     for.
//   - Nothing is made twice. When the answer to a request that makes something
//     is lost, the client looks whether it is there before it asks again: see
//     once.
//   - Its errors are one line, lower case, with the HTTP status, and mostly
//     with a hint: a *starlarkfuse.Error, with an *Error in it when it was the
//     server or the way to it that failed.
//   - Tokens and the values of headers reach neither errors nor the text of
//     the client, whatever a server repeats of them.
//   - What the server adds in later versions is ignored.
package kfp
