//! Every rule that a catalog must keep. All problems at once, each with its line.

use super::load::Sheets;
use super::problem::Problems;
use super::rows::Head;

pub(super) fn check(_head: &Head, _text: &str, _sheets: &Sheets, _problems: &mut Problems) {}
