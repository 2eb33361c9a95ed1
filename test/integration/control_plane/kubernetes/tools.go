//go:build tools

// Package tools names the Kubernetes programs that the integration tests run,
// so that this module's go.mod and go.sum pin every line of their source.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
