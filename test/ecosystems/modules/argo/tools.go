// SPDX-License-Identifier: Apache-2.0
//go:build tools

// Pins the controller.
package tools

import _ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
