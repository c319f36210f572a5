//! The arguments of the suite.

use crate::Result;
use crate::programs::{PEERS, Peer};

/// The parsed arguments.
#[derive(Default)]
pub(crate) struct Arguments {
    /// `true` if builds are not measured.
    pub(crate) is_quick: bool,
    /// The names of the peers, separated by commas; `None` for all.
    pub(crate) only: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut parsed = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => parsed.is_quick = true,
                "--only" => {
                    let names = arguments.next().ok_or("--only needs the names of peers")?;
                    parsed.only = Some(names);
                }
                other => {
                    let message =
                        format!("unknown argument {other}: use --quick or --only NAME,NAME");
                    return Err(message.into());
                }
            }
        }
        Ok(parsed)
    }

    /// Returns the selected peers, always with the floor.
    pub(crate) fn peers(&self) -> Result<Vec<&'static Peer>> {
        let Some(only) = &self.only else {
            return Ok(PEERS.iter().collect());
        };
        let names: Vec<&str> = only.split(',').collect();
        for name in &names {
            if PEERS.iter().all(|peer| peer.name != *name) {
                return Err(format!("unknown peer {name}").into());
            }
        }
        let floor = PEERS[0].name;
        let is_selected = |peer: &&Peer| peer.name == floor || names.contains(&peer.name);
        Ok(PEERS.iter().filter(is_selected).collect())
    }
}
