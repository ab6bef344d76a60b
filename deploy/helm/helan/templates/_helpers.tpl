{{- define "helan.name" -}}
{{- printf "%s-%s" .root.Release.Name .part | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "helan.selector" -}}
app.kubernetes.io/name: helan
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "helan.labels" -}}
{{ include "helan.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "helan.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What every pod has, above its containers. */}}
{{- define "helan.pod" -}}
serviceAccountName: {{ .root.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  # Lets the process read mounted secrets through its group; they belong to root.
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: settings
    configMap: {name: {{ .root.Release.Name }}-settings}
  - name: credentials
    secret: {secretName: {{ .root.Values.credentialsSecret }}, defaultMode: 0400}
{{- with .root.Values.log.propertiesSecret }}
  - name: kafka
    secret: {secretName: {{ . }}, defaultMode: 0400}
{{- end }}
{{- with .root.Values.tls.secretName }}
  - name: tls
    secret: {secretName: {{ . }}, defaultMode: 0400}
{{- end }}
{{- with .root.Values.catalogConfigMap }}
  - name: catalog
    configMap: {name: {{ . }}}
{{- end }}
  - name: scratch
    # Queries may use 2 GiB of it (`sql_scratch`).
    emptyDir: {sizeLimit: 4Gi}
{{- end }}

{{/* What every container has, but its name, arguments, ports, probes and resources. */}}
{{- define "helan.container" -}}
image: {{ include "helan.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - {name: HELAN_CONFIG, value: /etc/helan/helan.toml}
{{- with .root.Values.traces.endpoint }}
  - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .root.Values.lake.credentialsSecret }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
volumeMounts:
  - {name: settings, mountPath: /etc/helan, readOnly: true}
  - {name: credentials, mountPath: /run/secrets/helan, readOnly: true}
{{- if .root.Values.log.propertiesSecret }}
  - {name: kafka, mountPath: /run/secrets/kafka, readOnly: true}
{{- end }}
{{- if .root.Values.tls.secretName }}
  - {name: tls, mountPath: /run/secrets/tls, readOnly: true}
{{- end }}
{{- if .root.Values.catalogConfigMap }}
  - {name: catalog, mountPath: /etc/helan-catalog, readOnly: true}
{{- end }}
  - {name: scratch, mountPath: /tmp}
{{- end }}

{{/* Ports and probes of a container that serves. */}}
{{- define "helan.serving" -}}
{{- $scheme := ternary "HTTPS" "HTTP" (ne .root.Values.tls.secretName "") -}}
ports:
  - {name: http, containerPort: 8080}
  - {name: metrics, containerPort: 9464}
startupProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}
