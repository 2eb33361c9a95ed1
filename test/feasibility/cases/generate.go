// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// generator makes the clusters and pods of one seed.
type generator struct {
	*rand.Rand
	seed  int64
	pods  int // made so far
	nodes int
}

func newGenerator(seed int64) *generator {
	return &generator{Rand: rand.New(rand.NewSource(seed)), seed: seed}
}

func (g *generator) chance(percent int) bool { return g.Intn(100) < percent }

func (g *generator) one(of ...string) string { return of[g.Intn(len(of))] }

// some returns a few of the texts, at least one.
func (g *generator) some(of ...string) []string {
	g.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:1+g.Intn(len(of))]
}

func (g *generator) node() string { return fmt.Sprintf("n%d", g.Intn(g.nodes)) }

func (g *generator) cluster() Case {
	c := Case{Seed: g.seed}
	for _, name := range []string{"a", "b", "c"} {
		labels := map[string]string{"kubernetes.io/metadata.name": name}
		if name != "c" {
			labels["team"] = g.one("red", "blue")
		}
		c.Namespaces = append(c.Namespaces, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	g.nodes = 3 + g.Intn(8)
	for i := 0; i < g.nodes; i++ {
		c.Nodes = append(c.Nodes, g.someNode(i))
	}
	for i := g.Intn(12); i > 0; i-- {
		c.Pods = append(c.Pods, g.runningPod())
	}
	for i := 0; i < 6; i++ {
		c.Steps = append(c.Steps, Step{Pod: g.somePod()})
	}
	return c
}

func (g *generator) someNode(number int) *v1.Node {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("n%d", number), Labels: map[string]string{}}}
	label := func(percent int, key, value string) {
		if g.chance(percent) {
			node.Labels[key] = value
		}
	}
	label(95, v1.LabelHostname, node.Name)
	label(88, "zone", g.one("z1", "z2", "z3"))
	label(70, "rack", g.one("r1", "r2", "r3", "r4", ""))
	label(60, "gen", g.one("1", "3", "5", "007", "x", "9223372036854775808"))
	label(40, "disk", g.one("ssd", "hdd"))
	for _, key := range []string{"dedicated", "gpu", "level"} {
		if g.chance(10) {
			node.Spec.Taints = append(node.Spec.Taints, v1.Taint{Key: key, Value: g.one("", "x", "5"),
				Effect: v1.TaintEffect(g.one("NoSchedule", "NoExecute", "PreferNoSchedule"))})
		}
	}
	node.Spec.Unschedulable = g.chance(6)
	if node.Spec.Unschedulable && g.chance(60) {
		node.Spec.Taints = append(node.Spec.Taints,
			v1.Taint{Key: v1.TaintNodeUnschedulable, Effect: v1.TaintEffectNoSchedule})
	}
	allocatable := v1.ResourceList{
		v1.ResourceCPU:    resource.MustParse(g.one("1", "4", "7900m", "64")),
		v1.ResourceMemory: resource.MustParse(g.one("1Gi", "8G", "64Gi")),
		v1.ResourcePods:   resource.MustParse(g.one("3", "8", "110", "110")),
	}
	optional := func(percent int, name, amount string) {
		if g.chance(percent) {
			allocatable[v1.ResourceName(name)] = resource.MustParse(amount)
		}
	}
	optional(70, "ephemeral-storage", g.one("1Gi", "10Gi"))
	optional(70, "example.com/gpu", g.one("0", "1", "8"))
	optional(30, "hugepages-2Mi", g.one("4Mi", "64Mi"))
	node.Status.Allocatable = allocatable
	return node
}

func (g *generator) runningPod() *v1.Pod {
	pod := g.somePod()
	pod.Spec.NodeName = g.node()
	pod.Status.Phase = v1.PodRunning
	if g.chance(10) {
		when := metav1.NewTime(time.Unix(1700000000, 0))
		pod.DeletionTimestamp = &when
	}
	if g.chance(10) {
		g.resize(pod)
	}
	return pod
}

// resize makes the pod one that is being resized in place.
func (g *generator) resize(pod *v1.Pod) {
	amounts := func() v1.ResourceList {
		return v1.ResourceList{v1.ResourceCPU: resource.MustParse(g.one("0", "100m", "1", "2")),
			v1.ResourceMemory: resource.MustParse(g.one("0", "100Mi", "1Gi"))}
	}
	for _, container := range pod.Spec.Containers {
		status := v1.ContainerStatus{Name: container.Name}
		if g.chance(80) {
			status.AllocatedResources = amounts()
		}
		if g.chance(80) {
			status.Resources = &v1.ResourceRequirements{Requests: amounts()}
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status)
	}
	if g.chance(30) {
		pod.Status.Conditions = append(pod.Status.Conditions, v1.PodCondition{Type: v1.PodResizePending,
			Status: v1.ConditionTrue, Reason: g.one(v1.PodReasonInfeasible, v1.PodReasonDeferred)})
	}
}

// somePod returns a pod as the API server would store it.
func (g *generator) somePod() *v1.Pod {
	for {
		name := fmt.Sprintf("p%d", g.pods)
		pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: g.one("a", "a", "b", "c"), UID: types.UID(name)}}
		g.labels(pod)
		g.containers(pod)
		for _, aspect := range []struct {
			percent int
			add     func(*v1.Pod)
		}{
			{10, g.nodeSelector}, {12, g.nodeAffinity}, {35, g.tolerations}, {40, g.hostPorts}, {20, g.podAffinity},
			{20, g.podAntiAffinity}, {30, g.spread},
		} {
			if g.chance(aspect.percent) {
				aspect.add(pod)
			}
		}
		if created := admit(pod); created != nil {
			g.pods++
			if g.chance(5) {
				// Stored while the feature gate was set.
				created.Spec.Tolerations = append(created.Spec.Tolerations, v1.Toleration{Key: "level",
					Operator: v1.TolerationOperator(g.one("Gt", "Lt")), Value: "4"})
			}
			return created
		}
	}
}

func (g *generator) labels(pod *v1.Pod) {
	pod.Labels = map[string]string{"index": pod.Name}
	if g.chance(85) {
		pod.Labels["app"] = g.one("x", "y", "z")
	}
	if g.chance(40) {
		pod.Labels["tier"] = g.one("front", "back", "")
	}
	if g.chance(50) {
		pod.Labels["hash"] = g.one("1", "2")
	}
}
