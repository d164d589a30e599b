# One gateway on each client node, at port 53 of the node's address, for its containers and for /etc/resolv.conf.
# It reads Nomad through the task API with its workload identity, so it has no token of its own (Nomad 1.5 or later).
#
# Before: install the binary on the nodes (docs/install.md). With ACLs, attach the policy of docs/access.md to the job:
#
#   nomad acl policy apply -namespace default -job nomadns nomadns nomadns.hcl
#   nomad job run nomadns.nomad.hcl

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

job "nomadns" {
  type = "system"

  # When a node is full, Nomad stops less important jobs first (preemption).
  priority = 80

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }

  # To choose nodes, give them `meta { dns = "true" }` in the configuration of their agents:
  #
  # constraint {
  #   attribute = "${meta.dns}"
  #   value     = "true"
  # }

  # One node after the other.
  update {
    max_parallel = 1
  }

  group "dns" {
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
        name     = "nomadns"
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
