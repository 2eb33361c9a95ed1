// SPDX-License-Identifier: Apache-2.0

// Calls grpcplugin.Expander/BestOptions as Cluster Autoscaler does, with the
// messages of k8s.io/api, and prints what came back as one line of JSON.
//
// The request is put together field by field, because the generated code of one
// version of Cluster Autoscaler can write that version's fields alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// An option in the JSON on the standard input.
type option struct {
	ID     string            `json:"id"`
	Nodes  int32             `json:"nodes"`
	Labels map[string]string `json:"labels"`
	GPUs   int64             `json:"gpus"`
	Pods   []string          `json:"pods"` // of namespace default, their uid is "uid-" and the name
}

type answer struct {
	Groups  []string `json:"groups"`
	Error   string   `json:"error"`
	Seconds float64  `json:"seconds"`
	Bytes   int      `json:"bytes"`
}

var (
	address    = flag.String("address", "", "host:port")
	cert       = flag.String("cert", "", "file of certificates, as --grpc-expander-cert; empty: no TLS")
	generation = flag.String("generation", "bytes", "embedded (to 1.33), both (1.34) or bytes (from 1.35)")
	padding    = flag.Int("padding", 0, "bytes of annotations on each pod")
	many       = flag.Int("many", 0, "so many options with so many pods each, instead of the standard input")
	deadline   = flag.Duration("deadline", 5*time.Second, "of the call; 5s is Cluster Autoscaler's")
	garbage    = flag.Bool("garbage", false, "cut the bytes of every pod")
)

// The codec of the request is the bytes themselves.
type raw struct{}

func (raw) Name() string                  { return "proto" }
func (raw) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*(v.(*[]byte)) = append([]byte(nil), data...)
	return nil
}

func message(to []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), content)
}

func podOf(name string) []byte {
	pod := v1.Pod{
		TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "default", UID: types.UID("uid-" + name),
			Labels:      map[string]string{"app": "train"},
			Annotations: map[string]string{"padding": strings.Repeat("x", *padding)},
		},
		Spec: v1.PodSpec{Containers: []v1.Container{{
			Name: "main",
			Resources: v1.ResourceRequirements{Requests: v1.ResourceList{
				"cpu": resource.MustParse("1"), "nvidia.com/gpu": resource.MustParse("8")}},
		}}},
	}
	bytes, err := pod.Marshal()
	if err != nil {
		panic(err)
	}
	if *garbage {
		return bytes[:len(bytes)-1]
	}
	return bytes
}

func nodeOf(o option) []byte {
	node := v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "template-of-" + o.ID, Labels: o.Labels},
		Spec:       v1.NodeSpec{ProviderID: "template://" + o.ID},
		Status: v1.NodeStatus{Allocatable: v1.ResourceList{
			"cpu": resource.MustParse("64"), "memory": resource.MustParse("256Gi"), "pods": resource.MustParse("110"),
			"nvidia.com/gpu": *resource.NewQuantity(o.GPUs, resource.DecimalSI)}},
	}
	bytes, err := node.Marshal()
	if err != nil {
		panic(err)
	}
	return bytes
}

// Fields of grpcplugin: see proto/autoscaler/expander.proto.
func requestOf(options []option) []byte {
	var request []byte
	pods := map[string][]byte{}
	for _, o := range options {
		var bytes []byte
		bytes = message(bytes, 1, []byte(o.ID))
		bytes = protowire.AppendVarint(protowire.AppendTag(bytes, 2, protowire.VarintType), uint64(o.Nodes))
		bytes = message(bytes, 3, []byte("debug"))
		for _, name := range o.Pods {
			if pods[name] == nil {
				pods[name] = podOf(name)
			}
			if *generation != "bytes" {
				bytes = message(bytes, 4, pods[name])
			}
			if *generation != "embedded" {
				bytes = message(bytes, 5, pods[name])
			}
		}
		request = message(request, 1, bytes)
		entry := message(message(nil, 1, []byte(o.ID)), 2, nodeOf(o))
		if *generation != "bytes" {
			request = message(request, 2, entry)
		}
		if *generation != "embedded" {
			request = message(request, 3, entry)
		}
	}
	return request
}

// The nodeGroupIds of BestOptionsResponse.
func groupsOf(response []byte) []string {
	groups := []string{}
	for len(response) > 0 {
		_, _, n := protowire.ConsumeTag(response)
		option, m := protowire.ConsumeBytes(response[n:])
		response = response[n+m:]
		_, _, n = protowire.ConsumeTag(option)
		id, _ := protowire.ConsumeBytes(option[n:])
		groups = append(groups, string(id))
	}
	return groups
}

func optionsToSend() []option {
	var options []option
	if *many == 0 {
		if err := json.NewDecoder(os.Stdin).Decode(&options); err != nil {
			panic(err)
		}
		return options
	}
	var pods []string
	for p := 0; p < *many; p++ {
		pods = append(pods, fmt.Sprintf("pod-%d", p))
	}
	for o := 0; o < *many; o++ {
		options = append(options, option{ID: fmt.Sprintf("group-%d", o), Nodes: 10, GPUs: 8, Pods: pods})
	}
	return options
}

func main() {
	flag.Parse()
	request := requestOf(optionsToSend())
	secure := insecure.NewCredentials()
	if *cert != "" {
		var err error
		if secure, err = credentials.NewClientTLSFromFile(*cert, ""); err != nil {
			panic(err)
		}
	}
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(secure),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(128<<20)))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *deadline)
	defer cancel()
	var response []byte
	begin := time.Now()
	err = connection.Invoke(ctx, "/grpcplugin.Expander/BestOptions", request, &response)
	result := answer{Groups: groupsOf(response), Seconds: time.Since(begin).Seconds(), Bytes: len(request)}
	if err != nil {
		result.Error = status.Convert(err).Code().String() + ": " + status.Convert(err).Message()
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}
