//! The JSON Schema of the output, and a validator for the keywords that the schema uses.
//!
//! The validator is stricter than the standard: an object must not have a property that the schema
//! does not describe, and the schema must not have a keyword that the validator does not check.

use serde_json::Value;

/// A JSON Schema.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    /// Loads the schema that the guide describes.
    pub(crate) fn load() -> Self {
        let text = include_str!("../../../docs/output.schema.json");
        let root = serde_json::from_str(text).unwrap();
        Self { root }
    }

    /// Returns the definition of a command or of a part.
    pub(crate) fn definition(&self, name: &str) -> Option<&Value> {
        self.root["$defs"].get(name)
    }

    /// Returns the differences between the output of a command and its definition.
    ///
    /// An object with an error must have the definition of an error.
    pub(crate) fn check(&self, arguments: &str, object: &Value) -> Vec<String> {
        let command = arguments.split_whitespace().next().unwrap();
        let name = match object.get("error") {
            Some(_) => "error",
            None => command,
        };
        let Some(definition) = self.definition(name) else {
            return vec![format!("the schema has no definition of `{name}`")];
        };
        let mut problems = Vec::new();
        self.validate(definition, object, "", &mut problems);
        self.validate(&self.root, object, "", &mut problems);
        problems
    }

    fn validate(&self, schema: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
        for (keyword, operand) in schema.as_object().unwrap() {
            let is_valid = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let name = operand.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let definition = self.definition(name).unwrap();
                    self.validate(definition, value, place, problems);
                    true
                }
                "anyOf" => self.is_any(operand, value),
                "const" => operand == value,
                "enum" => operand.as_array().unwrap().contains(value),
                "type" => has_type(operand, value),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.validate(operand, item, &format!("{place}/{index}"), problems);
                    }
                    true
                }
                "required" => {
                    let mut names = operand.as_array().unwrap().iter();
                    names.all(|name| value.get(name.as_str().unwrap()).is_some())
                }
                "properties" => {
                    self.validate_properties(operand, value, place, problems);
                    true
                }
                other => panic!("the validator does not know the keyword `{other}`"),
            };
            if !is_valid {
                problems.push(format!("{place}: {keyword} {operand}, not {value}"));
            }
        }
    }

    fn is_any(&self, schemas: &Value, value: &Value) -> bool {
        schemas.as_array().unwrap().iter().any(|schema| {
            let mut problems = Vec::new();
            self.validate(schema, value, "", &mut problems);
            problems.is_empty()
        })
    }

    fn validate_properties(
        &self,
        schemas: &Value,
        value: &Value,
        place: &str,
        problems: &mut Vec<String>,
    ) {
        for (name, property) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            match schemas.get(name) {
                Some(schema) => self.validate(schema, property, &place, problems),
                None => problems.push(format!("{place}: the schema does not describe it")),
            }
        }
    }
}

/// Returns `true` if the value has the type, or one of the types.
fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the validator does not know the type `{other}`"),
    };
    match types {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}
