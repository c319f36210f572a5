//! Entity-relationship diagrams of a schema.
//!
//! All names are untrusted input. The writers `mermaid` and `dot` escape them.

use super::model::{Column, ForeignKey, Model, Table};

/// The tables and views of a schema as boxes, and its foreign keys as relations.
pub(crate) struct Diagram {
    pub(crate) entities: Vec<Entity>,
    pub(crate) relations: Vec<Relation>,
}

/// A table or a view.
pub(crate) struct Entity {
    pub(crate) name: String,
    pub(crate) kind: EntityKind,
    pub(crate) attributes: Vec<Attribute>,
}

/// The kind of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Table,
    /// A virtual table with its module.
    Virtual(String),
    View,
    /// A table that a foreign key names, and that the schema lacks.
    Missing,
}

/// A column.
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// The type; empty if the column has none.
    pub(crate) type_name: String,
    /// `PK`, `FK` and `UK`.
    pub(crate) keys: Vec<&'static str>,
    /// `NOT NULL` and `generated`.
    pub(crate) notes: Vec<&'static str>,
}

/// A foreign key, from the child to the parent.
pub(crate) struct Relation {
    /// The index of the child in the entities.
    pub(crate) child: usize,
    /// The index of the parent in the entities.
    pub(crate) parent: usize,
    /// The columns of the child.
    pub(crate) columns: Vec<String>,
    /// `true` if a row of the child can have no parent.
    pub(crate) is_optional: bool,
    /// `true` if a row of the parent has at most one child.
    pub(crate) is_unique: bool,
}

impl Diagram {
    /// Makes the diagram of a schema.
    pub(crate) fn of(model: &Model) -> Self {
        let mut diagram = Self {
            entities: model.tables.iter().map(Entity::of_table).collect(),
            relations: Vec::new(),
        };
        for view in &model.views {
            diagram.entities.push(Entity {
                name: view.name.clone(),
                kind: EntityKind::View,
                attributes: view.columns.iter().map(Attribute::of_view).collect(),
            });
        }
        for (child, table) in model.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let is_never_null = |column: &String| table.is_never_null(column);
                let parent = diagram.parent(&key.parent);
                diagram.relations.push(Relation {
                    child,
                    parent,
                    columns: key.columns.clone(),
                    is_optional: !key.columns.iter().all(is_never_null),
                    is_unique: table.is_key(&key.columns),
                });
            }
        }
        diagram
    }

    /// Returns the index of a parent. Adds an entity if the schema has no such table.
    fn parent(&mut self, name: &str) -> usize {
        let mut entities = self.entities.iter();
        let found = entities.position(|entity| entity.name.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| {
            self.entities.push(Entity {
                name: name.to_owned(),
                kind: EntityKind::Missing,
                attributes: Vec::new(),
            });
            self.entities.len() - 1
        })
    }
}

impl Entity {
    fn of_table(table: &Table) -> Self {
        let kind = match &table.module {
            Some(module) => EntityKind::Virtual(module.clone()),
            None => EntityKind::Table,
        };
        let columns = table.columns.iter();
        Self {
            name: table.name.clone(),
            kind,
            attributes: columns.map(|column| Attribute::of(table, column)).collect(),
        }
    }

    /// Returns the title of the box: the name, and the kind of what is no ordinary table.
    pub(crate) fn title(&self) -> String {
        match &self.kind {
            EntityKind::Table => self.name.clone(),
            EntityKind::Virtual(module) => format!("{} ({module})", self.name),
            EntityKind::View => format!("{} (view)", self.name),
            EntityKind::Missing => format!("{} (missing)", self.name),
        }
    }
}

impl Attribute {
    fn of(table: &Table, column: &Column) -> Self {
        let has = |list: &[String]| {
            list.iter()
                .any(|name| name.eq_ignore_ascii_case(&column.name))
        };
        let mut keys = Vec::new();
        if column.key_position.is_some() {
            keys.push("PK");
        }
        if table
            .foreign_keys
            .iter()
            .any(|key: &ForeignKey| has(&key.columns))
        {
            keys.push("FK");
        }
        let is_only_key = table.primary_key().len() == 1 && column.key_position.is_some();
        if !is_only_key && table.is_key(std::slice::from_ref(&column.name)) {
            keys.push("UK");
        }
        let mut notes = Vec::new();
        if column.is_not_null {
            notes.push("NOT NULL");
        }
        if column.generated.is_some() {
            notes.push("generated");
        }
        Self {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            keys,
            notes,
        }
    }

    fn of_view(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            keys: Vec::new(),
            notes: Vec::new(),
        }
    }
}
