// Command program stands for the fuse binary in images whose containers are
// not run: it is small.
package main

func main() {}
