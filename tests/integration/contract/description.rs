//! `openapi.yaml`, read.

use serde_json::{Map, Value};

pub(super) struct Description(Value);

/// One method of one path.
pub(super) struct Operation<'description> {
    pub(super) path: &'description str,
    pub(super) method: &'static str,
    servers: Option<&'description Value>,
    description: &'description Value,
}

const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
    ("patch", "PATCH"),
    ("options", "OPTIONS"),
    ("trace", "TRACE"),
];

impl Description {
    pub(super) fn read() -> Self {
        Self(serde_saphyr::from_str(include_str!("../../../openapi.yaml")).unwrap())
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
    }

    pub(super) fn methods(&self, path: &str) -> impl Iterator<Item = &'static str> {
        let methods = &self.0["paths"][path];
        METHODS
            .iter()
            .filter(|(key, _)| methods.get(key).is_some())
            .map(|(_, method)| *method)
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.0["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                METHODS.iter().filter_map(move |(key, method)| {
                    let (servers, description) = (methods.get("servers"), methods.get(key)?);
                    Some(Operation {
                        path,
                        method,
                        servers,
                        description,
                    })
                })
            })
    }

    pub(super) fn components(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0["components"][kind].as_object().unwrap().values()
    }

    /// What a reference refers to, or the value itself.
    pub(super) fn resolve<'value>(&'value self, value: &'value Value) -> &'value Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').unwrap();
                self.0
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("{reference} is not there"))
            }
            None => value,
        }
    }
}

impl<'description> Operation<'description> {
    pub(super) fn is_for_operator(&self) -> bool {
        self.servers.is_some()
    }

    pub(super) fn responses(&self) -> &'description Map<String, Value> {
        self.description["responses"].as_object().unwrap()
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &'description Value> {
        self.description["parameters"]
            .as_array()
            .into_iter()
            .flatten()
    }
}
