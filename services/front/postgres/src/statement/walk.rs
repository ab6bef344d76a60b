//! Where the tokens of a text stand in it.

use datafusion::sql::sqlparser::tokenizer::Location;

/// From the lines and columns of tokens to bytes, forward only, so that a text is gone through once.
pub(super) struct Walk<'a> {
    characters: std::str::CharIndices<'a>,
    at: Location,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { characters: text.char_indices(), at: Location { line: 1, column: 1 } }
    }

    /// The byte at which a place is that is not before the last one.
    pub(super) fn to(&mut self, place: Location) -> usize {
        while (self.at.line, self.at.column) < (place.line, place.column) {
            match self.characters.next() {
                Some((_, '\n')) => self.at = Location { line: self.at.line + 1, column: 1 },
                Some(_) => self.at.column += 1,
                None => break,
            }
        }
        self.characters.offset()
    }
}
