// Package image builds the container image that the nodes of a workflow run
// in, and brings it to a registry, to an OCI layout, into a tarball, or to
// docker or podman on this machine. Building needs no docker and no root.
//
// From what seldom changes to what often does, an image has these layers:
//
//	base    the layers of a base image; without one, a single layer with
//	        CA certificates, a passwd file and /tmp
//	binary  /usr/local/bin/fuse, the entrypoint
//	data    the files of the workflow's folder from 1 MiB up, if there are any
//	source  everything else of the folder, in /ffrun
//
// The layers are reproducible: paths in order, one time, one owner, modes that
// let everybody read. The same folder, binary and base give the same digest on
// any machine. Passwords that are written in the workflow's files are masked,
// and one that stands anywhere else in the folder is an error.
//
// Layers are never held in memory as a whole: they are hashed from the files,
// and only a layer that somebody asks for is compressed, into a temporary file
// where it is large.
package image
