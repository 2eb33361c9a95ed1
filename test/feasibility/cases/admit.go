// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/registry/core/pod"
)

var admitted, refused int

// admit does to a pod what the API server does when it is created: defaults,
// label keys merged into selectors, validation. Nil if it would be refused.
func admit(raw *v1.Pod) *v1.Pod {
	corev1.SetObjectDefaults_Pod(raw)
	var internal core.Pod
	check(corev1.Convert_v1_Pod_To_core_Pod(raw, &internal, nil))
	pod.Strategy.PrepareForCreate(context.Background(), &internal)
	if errs := pod.Strategy.Validate(context.Background(), &internal); len(errs) > 0 {
		refused++
		return nil
	}
	admitted++
	var created v1.Pod
	check(corev1.Convert_core_Pod_To_v1_Pod(&internal, &created, nil))
	return &created
}
