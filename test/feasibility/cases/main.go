// SPDX-License-Identifier: Apache-2.0

// Writes cases for the feasibility test (../compare.cc): small random clusters with pods that
// come one after the other, and what kube-scheduler's own filter plugins say of
// each pod on each node.
//
//	go run . [-first 1] [-count 5000]
//
// One JSON object per line and seed; equal seeds give equal lines. A pod for
// which a node is left may get a seat there, and is then one of those that run
// for the pods after it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
)

// Case is a cluster and the pods that come to it.
type Case struct {
	Seed       int64           `json:"seed"`
	Namespaces []*v1.Namespace `json:"namespaces"`
	Nodes      []*v1.Node      `json:"nodes"`
	Pods       []*v1.Pod       `json:"pods"` // that run
	Steps      []Step          `json:"steps"`
}

// Step is a pod that comes, and what the plugins say of it.
type Step struct {
	Pod      *v1.Pod    `json:"pod"`
	Verdicts [][]string `json:"verdicts"` // for each node, the plugins that reject it
	Seat     string     `json:"seat"`     // the node that it gets; empty: none
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "feasibility:", err)
		os.Exit(2)
	}
}

func run(plugins *Plugins, seed int64) Case {
	g := newGenerator(seed)
	c := g.cluster()
	plugins.setNamespaces(c.Namespaces)
	running := append([]*v1.Pod{}, c.Pods...)
	for i := range c.Steps {
		step := &c.Steps[i]
		var fits []string
		step.Verdicts = plugins.judge(step.Pod, c.Nodes, running)
		for n, rejected := range step.Verdicts {
			if len(rejected) == 0 {
				fits = append(fits, c.Nodes[n].Name)
			}
		}
		if len(fits) > 0 && g.chance(85) {
			step.Seat = fits[g.Intn(len(fits))]
			seated := step.Pod.DeepCopy()
			seated.Spec.NodeName = step.Seat
			running = append(running, seated)
		}
	}
	return c
}

func main() {
	first := flag.Int64("first", 1, "the first seed")
	count := flag.Int64("count", 5000, "how many seeds")
	flag.Parse()
	plugins := newPlugins(context.Background())
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(out)
	for seed := *first; seed < *first+*count; seed++ {
		check(encoder.Encode(run(plugins, seed)))
	}
	check(out.Flush())
	fmt.Fprintf(os.Stderr, "seeds %d to %d; the API server would refuse %d of %d generated pods\n",
		*first, *first+*count-1, refused, refused+admitted)
}
