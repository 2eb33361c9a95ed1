//go:build tools

// Package tools names helm, so that this module's go.mod and go.sum pin it.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
