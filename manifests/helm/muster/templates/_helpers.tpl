{{/* The name of everything that the chart makes. */}}
{{- define "muster.name" -}}
{{- if eq .Release.Name "muster" }}muster{{ else }}{{ printf "%s-muster" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
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
{{- .Values.priorityClass.name | default (include "muster.clusterName" .) }}
{{- end }}

{{/* The configuration of Muster: that of the values, with what the chart knows better. */}}
{{- define "muster.config" -}}
{{- $own := dict "lead" (dict "lease" (printf "%s/%s" .Release.Namespace (include "muster.name" .)) "service" (include "muster.name" .)) }}
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
  # With --config, kube-scheduler ignores its --kubeconfig flag. On k3s:
  # /var/lib/rancher/k3s/server/cred/scheduler.kubeconfig
  kubeconfig: /etc/kubernetes/scheduler.conf
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
