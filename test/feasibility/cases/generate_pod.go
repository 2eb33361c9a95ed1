// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func (g *generator) resources() v1.ResourceRequirements {
	r := v1.ResourceRequirements{Requests: v1.ResourceList{}, Limits: v1.ResourceList{}}
	ask := func(percent int, name v1.ResourceName, amounts ...string) {
		if !g.chance(percent) {
			return
		}
		amount := resource.MustParse(g.one(amounts...))
		where := g.Intn(10)
		if where != 0 {
			r.Requests[name] = amount
		}
		if where < 3 {
			r.Limits[name] = amount
		}
	}
	ask(60, v1.ResourceCPU, "0", "1m", "250m", "1", "1500m")
	ask(60, v1.ResourceMemory, "0", "1", "64Mi", "500M", "1Gi")
	ask(15, v1.ResourceEphemeralStorage, "0", "512Mi", "2Gi")
	if g.chance(15) {
		amount := resource.MustParse(g.one("0", "1", "2"))
		r.Requests["example.com/gpu"], r.Limits["example.com/gpu"] = amount, amount
	}
	if g.chance(8) {
		amount := resource.MustParse(g.one("2Mi", "4Mi"))
		r.Requests["hugepages-2Mi"], r.Limits["hugepages-2Mi"] = amount, amount
	}
	return r
}

func (g *generator) containers(pod *v1.Pod) {
	container := func(name string) v1.Container {
		return v1.Container{Name: name, Image: "i", Resources: g.resources(),
			ImagePullPolicy: v1.PullIfNotPresent, TerminationMessagePolicy: v1.TerminationMessageReadFile}
	}
	for i := 0; i <= g.Intn(2); i++ {
		pod.Spec.Containers = append(pod.Spec.Containers, container(fmt.Sprintf("c%d", i)))
	}
	for g.chance(25) {
		next := container(fmt.Sprintf("i%d", len(pod.Spec.InitContainers)))
		if g.chance(40) {
			next.RestartPolicy = ptr.To(v1.ContainerRestartPolicyAlways)
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, next)
	}
	if g.chance(10) {
		whole := g.resources()
		for _, list := range []v1.ResourceList{whole.Requests, whole.Limits} {
			delete(list, "example.com/gpu")
			delete(list, v1.ResourceEphemeralStorage)
		}
		pod.Spec.Resources = &whole
	}
	if g.chance(8) {
		pod.Spec.Overhead = v1.ResourceList{v1.ResourceCPU: resource.MustParse(g.one("10m", "250m")),
			v1.ResourceMemory: resource.MustParse("120Mi")}
	}
}

func (g *generator) nodeSelector(pod *v1.Pod) {
	pod.Spec.NodeSelector = map[string]string{g.one("zone", "disk", "rack", "absent"): g.one("z1", "z2", "ssd", "r1")}
	if g.chance(60) {
		pod.Spec.NodeSelector = map[string]string{"zone": g.one("z1", "z2")}
	}
}

func (g *generator) nodeAffinity(pod *v1.Pod) {
	requirement := func() v1.NodeSelectorRequirement {
		r := v1.NodeSelectorRequirement{Key: g.one("zone", "gen", "disk", "rack")}
		r.Operator = v1.NodeSelectorOperator(g.one("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
		switch r.Operator {
		case v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn:
			r.Values = g.some("z1", "z2", "ssd", "r1", "3", "007")
		case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
			r.Values = []string{g.one("0", "3", "4", "6", "x")}
		}
		return r
	}
	terms := []v1.NodeSelectorTerm{}
	for i := 0; i <= g.Intn(3); i++ {
		var term v1.NodeSelectorTerm
		for g.chance(55) {
			term.MatchExpressions = append(term.MatchExpressions, requirement())
		}
		for g.chance(25) {
			term.MatchFields = append(term.MatchFields, v1.NodeSelectorRequirement{Key: "metadata.name",
				Operator: v1.NodeSelectorOperator(g.one("In", "NotIn")), Values: []string{g.node()}})
		}
		terms = append(terms, term)
	}
	pod.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{NodeSelectorTerms: terms}}}
}

func (g *generator) tolerations(pod *v1.Pod) {
	for i := 0; i <= g.Intn(3); i++ {
		t := v1.Toleration{Key: g.one("dedicated", "gpu", "level", v1.TaintNodeUnschedulable, "")}
		t.Operator = v1.TolerationOperator(g.one("", "Equal", "Exists"))
		if t.Key == "" {
			t.Operator = v1.TolerationOpExists
		}
		if t.Operator != v1.TolerationOpExists {
			t.Value = g.one("", "x", "5")
		}
		t.Effect = v1.TaintEffect(g.one("", "", "NoSchedule", "NoExecute", "PreferNoSchedule"))
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, t)
	}
}

func (g *generator) hostPorts(pod *v1.Pod) {
	pod.Spec.HostNetwork = g.chance(10)
	port := func(c *v1.Container) {
		number := int32(80 + g.Intn(2))
		p := v1.ContainerPort{ContainerPort: number, HostPort: number}
		p.HostIP = g.one("", "", "0.0.0.0", "10.0.0.1", "127.0.0.1", "::")
		p.Protocol = v1.Protocol(g.one("", "TCP", "UDP", "SCTP"))
		if g.chance(15) {
			p.HostPort = 0
		}
		c.Ports = append(c.Ports, p)
	}
	for i := range pod.Spec.Containers {
		port(&pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		port(&pod.Spec.InitContainers[i])
	}
}

// selector returns a selector of pods.
func (g *generator) selector() *metav1.LabelSelector {
	if g.chance(4) {
		return nil
	}
	selector := &metav1.LabelSelector{}
	if g.chance(70) {
		selector.MatchLabels = map[string]string{"app": g.one("x", "y", "z")}
	}
	if g.chance(30) {
		r := metav1.LabelSelectorRequirement{Key: g.one("app", "tier", "index"),
			Operator: metav1.LabelSelectorOperator(g.one("In", "NotIn", "Exists", "DoesNotExist"))}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			r.Values = g.some("x", "y", "front", "p3", "")
		}
		selector.MatchExpressions = append(selector.MatchExpressions, r)
	}
	return selector
}

func (g *generator) topologyKey() string {
	return g.one("zone", "zone", "rack", v1.LabelHostname, v1.LabelHostname, "absent")
}

func (g *generator) terms() []v1.PodAffinityTerm {
	var terms []v1.PodAffinityTerm
	for len(terms) == 0 || g.chance(25) {
		term := v1.PodAffinityTerm{TopologyKey: g.topologyKey(), LabelSelector: g.selector()}
		if g.chance(20) {
			term.Namespaces = g.some("a", "b", "c")
		}
		switch g.Intn(8) {
		case 0:
			term.NamespaceSelector = &metav1.LabelSelector{}
		case 1:
			term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": g.one("red", "blue")}}
		case 2:
			term.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "kubernetes.io/metadata.name", Operator: "NotIn", Values: g.some("a", "b", "c")}}}
		}
		if term.LabelSelector != nil && g.chance(20) {
			term.MatchLabelKeys = []string{g.one("hash", "absent")}
		} else if term.LabelSelector != nil && g.chance(15) {
			term.MismatchLabelKeys = []string{"hash"}
		}
		terms = append(terms, term)
	}
	return terms
}

func affinityOf(pod *v1.Pod) *v1.Affinity {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &v1.Affinity{}
	}
	return pod.Spec.Affinity
}

func (g *generator) podAffinity(pod *v1.Pod) {
	affinity := &v1.PodAffinity{}
	if g.chance(90) {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = g.terms()
	} else {
		affinity.PreferredDuringSchedulingIgnoredDuringExecution = []v1.WeightedPodAffinityTerm{
			{Weight: 1, PodAffinityTerm: g.terms()[0]}}
	}
	affinityOf(pod).PodAffinity = affinity
}

func (g *generator) podAntiAffinity(pod *v1.Pod) {
	affinity := &v1.PodAntiAffinity{}
	if g.chance(90) {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = g.terms()
	} else {
		affinity.PreferredDuringSchedulingIgnoredDuringExecution = []v1.WeightedPodAffinityTerm{
			{Weight: 1, PodAffinityTerm: g.terms()[0]}}
	}
	affinityOf(pod).PodAntiAffinity = affinity
}

func (g *generator) spread(pod *v1.Pod) {
	policy := func() *v1.NodeInclusionPolicy {
		if g.chance(50) {
			return nil
		}
		return ptr.To(v1.NodeInclusionPolicy(g.one("Honor", "Ignore")))
	}
	for len(pod.Spec.TopologySpreadConstraints) == 0 || g.chance(30) {
		c := v1.TopologySpreadConstraint{MaxSkew: int32(1 + g.Intn(2)), TopologyKey: g.topologyKey(),
			WhenUnsatisfiable: v1.DoNotSchedule, LabelSelector: g.selector(),
			NodeAffinityPolicy: policy(), NodeTaintsPolicy: policy()}
		if g.chance(15) {
			c.WhenUnsatisfiable = v1.ScheduleAnyway
		} else if g.chance(40) {
			c.MinDomains = ptr.To(int32(1 + g.Intn(5)))
		}
		if c.LabelSelector != nil && g.chance(25) {
			c.MatchLabelKeys = []string{g.one("hash", "absent")}
		}
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
	}
}
