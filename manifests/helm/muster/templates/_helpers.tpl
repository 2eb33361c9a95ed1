{{/* The name of everything that the chart makes. It ends with "muster", by which the admission policy knows Muster. */}}
{{- define "muster.name" -}}
{{- if eq .Release.Name "muster" }}muster{{ else }}{{ printf "%s-muster" (.Release.Name | trunc 43 | trimSuffix "-") }}{{ end }}
{{- end }}

{{/* What the objects of cluster scope are called: releases in two namespaces don't share them. */}}
{{- define "muster.clusterName" -}}
{{- if eq .Release.Namespace (include "muster.name" .) }}{{ include "muster.name" . }}{{ else }}{{ .Release.Namespace }}-{{ include "muster.name" . }}{{ end }}
{{- end }}

{{- define "muster.labels" -}}
{{ include "muster.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "muster.selector" -}}
app.kubernetes.io/name: muster
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "muster.priorityClass" -}}
{{- if not (or .Values.priorityClass.create .Values.priorityClass.name) }}
{{- fail "priorityClass.create is false: priorityClass.name must say which class there is" }}
{{- end }}
{{- .Values.priorityClass.name | default (include "muster.clusterName" .) }}
{{- end }}

{{/* What kube-scheduler is told of time and ports is what Muster must be told. */}}
{{- define "muster.checkConfig" -}}
{{- $extender := .Values.config.extender | default dict }}
{{- if ne ($extender.httpTimeout | default .Values.scheduler.httpTimeout) .Values.scheduler.httpTimeout }}
{{- fail (printf "config.extender.httpTimeout is %s, but kube-scheduler waits for scheduler.httpTimeout, %s: set that alone" $extender.httpTimeout .Values.scheduler.httpTimeout) }}
{{- end }}
{{- range $section, $port := dict "extender" "8080" "grpc" "9090" }}
{{- $listen := dig $section "listen" "" $.Values.config }}
{{- if and $listen (not (hasSuffix (printf ":%s" $port) $listen)) }}
{{- fail (printf "config.%s.listen is %s: the chart's service and probes have port %s" $section $listen $port) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Secrets with keys as everybody who reads them expects them. Nothing is known of the cluster by `helm template`. */}}
{{- define "muster.checkKeys" -}}
{{- $root := . }}
{{- range compact (list .Values.tls.secret .Values.scheduler.tlsSecret) }}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace . }}
{{- $wanted := list "ca.crt" }}
{{- if or (eq . $root.Values.tls.secret) $root.Values.tls.askCallers }}{{ $wanted = list "ca.crt" "tls.crt" "tls.key" }}{{ end }}
{{- range $file := $wanted }}
{{- if and $secret (not (hasKey ($secret.data | default dict) $file)) }}
{{- fail (printf "secret %s/%s has no %s: kube-scheduler does not start with a file that is missing" $secret.metadata.namespace $secret.metadata.name $file) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* How `muster` in one of the pods asks the leader. */}}
{{- define "muster.ask" -}}
{{- $name := include "muster.name" . }}
{{- if .Values.tls.secret -}}
--server {{ $name }}.{{ .Release.Namespace }}.svc:9090 --ca /etc/muster-tls/ca.crt
{{- if .Values.tls.askCallers }} --cert /etc/muster-tls/tls.crt --key /etc/muster-tls/tls.key{{ end }}
{{- else -}}
--server {{ $name }}:9090
{{- end }}
{{- end }}

{{/* The configuration of Muster: that of the values, with what the chart knows better. */}}
{{- define "muster.config" -}}
{{- include "muster.checkConfig" . }}
{{- $own := dict "lead" (dict "lease" (printf "%s/%s" .Release.Namespace (include "muster.name" .)) "service" (include "muster.name" .)) "extender" (dict "httpTimeout" .Values.scheduler.httpTimeout) }}
{{- if eq .Values.installation "second-scheduler" }}
{{- $_ := set $own "gangs" (dict "schedulerNames" (list .Values.scheduler.name)) }}
{{- end }}
{{- if .Values.tls.secret }}
{{- $tls := dict "certificate" "/etc/muster-tls/tls.crt" "key" "/etc/muster-tls/tls.key" }}
{{- if .Values.tls.askCallers }}{{ $_ := set $tls "clientCA" "/etc/muster-tls/ca.crt" }}{{ end }}
{{- $_ := set $own "tls" $tls }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}

{{/* Where kube-scheduler reaches Muster. */}}
{{- define "muster.url" -}}
{{- $host := printf "%s.%s.svc" (include "muster.name" .) .Release.Namespace }}
{{- if and .Values.service.clusterIP (ne .Values.installation "second-scheduler") }}
{{- $host = .Values.service.clusterIP }}
{{- if contains ":" $host }}{{ $host = printf "[%s]" $host }}{{ end }}
{{- end }}
{{- printf "%s://%s:8080/v1" (.Values.tls.secret | empty | ternary "http" "https") $host }}
{{- end }}

{{/* The version of the cluster, without what its provider adds. */}}
{{- define "muster.clusterVersion" -}}
{{- regexFind "^v[0-9]+[.][0-9]+[.][0-9]+" .Capabilities.KubeVersion.Version }}
{{- end }}

{{/* The version of the second scheduler: that of its tag, if that says one. */}}
{{- define "muster.schedulerVersion" -}}
{{- regexFind "^v?[0-9]+[.][0-9]+[.][0-9]+" .Values.scheduler.tag | default (include "muster.clusterVersion" .) }}
{{- end }}

{{/* The configuration of the kube-scheduler that asks Muster. */}}
{{- define "muster.schedulerConfig" -}}
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
{{- if eq .Values.installation "second-scheduler" }}
leaderElection:
  leaderElect: true
  resourceName: {{ include "muster.name" . }}-scheduler
  resourceNamespace: {{ .Release.Namespace }}
profiles:
  - schedulerName: {{ .Values.scheduler.name }}
{{- end }}
clientConnection:
{{- if ne .Values.installation "second-scheduler" }}
  # With --config, kube-scheduler ignores its --kubeconfig flag.
  kubeconfig: {{ .Values.scheduler.kubeconfig }}
{{- end }}
  # The default of 50 requests/s also limits events and status of refused pods.
  qps: {{ int .Values.scheduler.qps }}
  burst: {{ int .Values.scheduler.qps }}
extenders:
  - urlPrefix: {{ include "muster.url" . }}
    filterVerb: filter
    prioritizeVerb: prioritize
    bindVerb: bind
    # Without it, kube-scheduler evicts pods for a gang that was refused.
    preemptVerb: preempt
    weight: 1
{{- if .Values.tls.secret }}
    enableHTTPS: true
    tlsConfig:
      # Whatever address is called.
      serverName: {{ include "muster.name" . }}.{{ .Release.Namespace }}.svc
      caFile: {{ .Values.scheduler.tlsFolder }}/ca.crt
{{- if .Values.tls.askCallers }}
      certFile: {{ .Values.scheduler.tlsFolder }}/tls.crt
      keyFile: {{ .Values.scheduler.tlsFolder }}/tls.key
{{- end }}
{{- end }}
    # Node names instead of whole nodes: 5,000 nodes are 63 MB per call.
    nodeCacheCapable: true
    # Members wait for their gang in a bind call. Muster's own
    # extender.httpTimeout must say the same.
    httpTimeout: {{ .Values.scheduler.httpTimeout }}
    # true would let members pass unchecked while Muster is away, and would let
    # kube-scheduler bind a member by itself when its gang did not come together.
    ignorable: false
{{- if eq .Values.installation "managed-resources" }}
    managedResources:
{{- range .Values.scheduler.managedResources }}
      - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}
