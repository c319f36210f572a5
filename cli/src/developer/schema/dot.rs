//! The language of Graphviz.

use std::fmt::Write as _;

use super::diagram::{Attribute, Diagram, Entity, EntityKind, Relation};
use crate::developer::picture::dot::{font, html};

/// Returns the diagram as a graph. The ends of a relation are crow's feet.
pub(crate) fn write(diagram: &Diagram) -> String {
    let mut dot = "digraph schema {
  graph [rankdir=LR, pack=24, packmode=clust, bgcolor=transparent, nodesep=0.4, ranksep=1]
  node [shape=plain, fontname=\"Helvetica,Arial,sans-serif\", fontsize=11]
  edge [dir=both, color=\"#7d8590\"]
"
    .to_owned();
    for (index, entity) in diagram.entities.iter().enumerate() {
        let _ = writeln!(dot, "  n{index} [label=<{}>]", table(entity));
    }
    for relation in &diagram.relations {
        let _ = writeln!(dot, "  {}", edge(diagram, relation));
    }
    dot += "}\n";
    dot
}

/// Returns an edge from the columns of the child to the title of the parent.
fn edge(diagram: &Diagram, relation: &Relation) -> String {
    let child = &diagram.entities[relation.child];
    let first = relation.columns.first();
    let is_first =
        |attribute: &Attribute| first.is_some_and(|name| attribute.name.eq_ignore_ascii_case(name));
    let port = match child.attributes.iter().position(is_first) {
        Some(column) => format!(":c{column}"),
        None => String::new(),
    };
    let tail = if relation.is_unique {
        "teeodot"
    } else {
        "crowodot"
    };
    let head = if relation.is_optional {
        "teeodot"
    } else {
        "teetee"
    };
    format!(
        "n{}{port} -> n{}:t [arrowtail={tail}, arrowhead={head}, tooltip=\"{}\"]",
        relation.child,
        relation.parent,
        html(&relation.columns.join(", ")).replace('\\', "\\\\"),
    )
}

/// Returns a box as a table in Graphviz's form of HTML.
fn table(entity: &Entity) -> String {
    let colors = match entity.kind {
        EntityKind::Table | EntityKind::Virtual(_) => "COLOR=\"#7d8590\" BGCOLOR=\"#f6f8fa\"",
        EntityKind::View => "COLOR=\"#9a6700\" BGCOLOR=\"#fff8c5\" STYLE=\"DASHED\"",
        EntityKind::Missing => "COLOR=\"#cf222e\" BGCOLOR=\"#ffebe9\" STYLE=\"DASHED\"",
    };
    let mut label = format!(
        "<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"3\" {colors}>\
         <TR><TD COLSPAN=\"3\" PORT=\"t\"><B>{}</B></TD></TR>",
        font(&entity.title()),
    );
    if !entity.attributes.is_empty() {
        label += "<HR/>";
    }
    for (index, attribute) in entity.attributes.iter().enumerate() {
        let mut remarks = attribute.keys.clone();
        remarks.extend(&attribute.notes);
        let _ = write!(
            label,
            "<TR><TD ALIGN=\"LEFT\">{}</TD><TD ALIGN=\"LEFT\">{}</TD>\
             <TD ALIGN=\"LEFT\" PORT=\"c{index}\">{}</TD></TR>",
            font(&attribute.name),
            font(&attribute.type_name),
            font(&remarks.join(", ")),
        );
    }
    label + "</TABLE>"
}
