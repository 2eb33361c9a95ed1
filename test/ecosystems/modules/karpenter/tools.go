// SPDX-License-Identifier: Apache-2.0
//go:build tools

// Pins the controller.
package tools

import _ "sigs.k8s.io/karpenter/kwok"
