# Two gateways for the whole cluster, on two nodes, at port 53 of their addresses. Clients list both addresses, or one in front of
# them that keepalived or BGP moves: see docs/operations.md, "Two gateways side by side".
# They read Nomad through the task API with their workload identity, so they have no token of their own (Nomad 1.5 or later).
#
# Before: install the binary on the nodes (docs/install.md), and store a secret for DNS cookies, which both share. With ACLs,
# attach the policy of docs/access.md to the job:
#
#   nomad var put nomad/jobs/nomadns-pair cookie_secret="$(openssl rand -hex 16)"
#   nomad acl policy apply -namespace default -job nomadns-pair nomadns-pair nomadns.hcl
#   nomad job run nomadns-pair.nomad.hcl

variable "command" {
  description = "Where the binary is on the nodes: /usr/bin/nomadns (package) or /usr/local/bin/nomadns"
  type        = string
  default     = "/usr/bin/nomadns"
}

variable "dns_port" {
  description = "The port for DNS. Containers and /etc/resolv.conf can use 53 only"
  type        = number
  default     = 53
}

variable "admin_port" {
  description = "The port for the status page, metrics and health"
  type        = number
  default     = 9153
}

job "nomadns-pair" {
  type = "service"

  # When a node is full, Nomad stops less important jobs first (preemption).
  priority = 80

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }

  # The nodes whose addresses clients know have `meta { dns = "true" }` in the configuration of their agents.
  constraint {
    attribute = "${meta.dns}"
    value     = "true"
  }

  # The second is replaced when the first one is ready.
  update {
    max_parallel     = 1
    health_check     = "checks"
    min_healthy_time = "10s"
    healthy_deadline = "2m"
    auto_revert      = true
  }

  group "dns" {
    count = 2

    constraint {
      distinct_hosts = true
    }

    network {
      mode = "host"
      port "dns" {
        static = var.dns_port
      }
      port "admin" {
        static = var.admin_port
      }
    }

    restart {
      mode     = "delay"
      attempts = 5
      delay    = "2s"
      interval = "1m"
    }

    task "nomadns" {
      # Its own file system, not root, and port 53 as its only privilege.
      driver         = "exec"
      user           = "nobody"
      shutdown_delay = "2s"
      kill_signal    = "SIGTERM" # /readyz turns to 503 before nomadns stops answering
      kill_timeout   = "15s"

      config {
        command  = var.command
        args     = ["serve", "--config", "${NOMAD_TASK_DIR}/nomadns.toml"]
        cap_drop = ["all"]
        cap_add  = ["net_bind_service"]
      }

      # The token of the task, which Nomad renews.
      identity {
        file = true
      }

      template {
        destination = "${NOMAD_TASK_DIR}/nomadns.toml"
        change_mode = "restart"
        data        = <<-EOT
          # Clients keep their cookies when they change gateways.
          {{ with nomadVar "nomad/jobs/nomadns-pair" }}cookie_secrets = ["{{ .cookie_secret }}"]{{ end }}
          nsid = "{{ env "node.unique.name" }}"

          [nomad]
          addresses = ["unix://{{ env "NOMAD_SECRETS_DIR" }}/api.sock"]
          token_file = "{{ env "NOMAD_SECRETS_DIR" }}/nomad_token"

          [listen]
          dns = ["{{ env "NOMAD_ADDR_dns" }}"]
          admin = ["{{ env "NOMAD_ADDR_admin" }}"]
          http = []

          # To be the only resolver of hosts and containers, forward all other names (docs/forwarding.md), and say who may ask:
          #
          # [clients]
          # allow = ["10.0.0.0/8", "172.16.0.0/12"]
          #
          # [[forward]]
          # zone = "."
          # upstreams = ["system"]
        EOT
      }

      resources {
        cpu    = 200
        memory = 256
      }

      service {
        name     = "nomadns-pair"
        provider = "nomad"
        port     = "admin"
        check {
          type     = "http"
          path     = "/readyz"
          interval = "10s"
          timeout  = "2s"
        }
      }
    }
  }
}
