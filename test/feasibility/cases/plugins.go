// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	schedulercache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	inTree "k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// In the order in which kube-scheduler filters by default.
var pluginNames = []string{
	"NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", "PodTopologySpread",
	"InterPodAffinity",
}

type filter interface {
	fwk.FilterPlugin
	fwk.Plugin
}

// lister gives the plugins, which are made once, the snapshot of the moment.
type lister struct{ fwk.SharedLister }

// Plugins are kube-scheduler's own, with the arguments and feature gates of its
// default configuration.
type Plugins struct {
	ctx        context.Context
	plugins    []filter
	lister     *lister
	namespaces cache.Indexer
}

func newPlugins(ctx context.Context) *Plugins {
	metrics.Register()
	p := &Plugins{ctx: ctx, lister: &lister{schedulercache.NewEmptySnapshot()}}
	factory := informers.NewSharedInformerFactory(fake.NewClientset(), 0)
	p.namespaces = factory.Core().V1().Namespaces().Informer().GetIndexer()
	handle, err := frameworkruntime.NewFramework(ctx, nil, nil,
		frameworkruntime.WithSnapshotSharedLister(p.lister), frameworkruntime.WithInformerFactory(factory))
	check(err)
	config, err := latest.Default()
	check(err)
	args := map[string]runtime.Object{}
	for _, plugin := range config.Profiles[0].PluginConfig {
		args[plugin.Name] = plugin.Args
	}
	registry := inTree.NewInTreeRegistry()
	for _, name := range pluginNames {
		plugin, err := registry[name](ctx, args[name], handle)
		check(err)
		p.plugins = append(p.plugins, plugin.(filter))
	}
	return p
}

func (p *Plugins) setNamespaces(namespaces []*v1.Namespace) {
	var objects []interface{}
	for _, namespace := range namespaces {
		objects = append(objects, namespace)
	}
	check(p.namespaces.Replace(objects, ""))
}

// judge returns, for each node, the plugins that keep the pod off.
func (p *Plugins) judge(pod *v1.Pod, nodes []*v1.Node, running []*v1.Pod) [][]string {
	snapshot := schedulercache.NewSnapshot(running, nodes)
	p.lister.SharedLister = snapshot
	infos, err := snapshot.NodeInfos().List()
	check(err)
	verdicts := make([][]string, len(nodes))
	for i := range verdicts {
		verdicts[i] = []string{}
	}
	for _, plugin := range p.plugins {
		state := framework.NewCycleState()
		var only *fwk.PreFilterResult
		if pre, ok := plugin.(fwk.PreFilterPlugin); ok {
			var status *fwk.Status
			only, status = pre.PreFilter(p.ctx, state, pod, infos)
			if status.IsSkip() {
				continue
			}
			if status.IsRejected() {
				only = &fwk.PreFilterResult{NodeNames: sets.New("none")}
			} else if !status.IsSuccess() {
				check(fmt.Errorf("%s: %w", plugin.Name(), status.AsError()))
			}
		}
		for i, node := range nodes {
			if !only.AllNodes() && !only.NodeNames.Has(node.Name) {
				verdicts[i] = append(verdicts[i], plugin.Name())
				continue
			}
			info, err := snapshot.NodeInfos().Get(node.Name)
			check(err)
			status := plugin.Filter(p.ctx, state, pod, info)
			if status.IsRejected() {
				verdicts[i] = append(verdicts[i], plugin.Name())
			} else if !status.IsSuccess() {
				check(fmt.Errorf("%s: %w", plugin.Name(), status.AsError()))
			}
		}
	}
	return verdicts
}
