//! From a body's bytes to a submission or its errors: pure work, the same for a request and for a file that is checked
//! before it is sent.

use helan_schemas::catalog::{Catalog, Reporter};

use crate::accept::{Content, Plan};
use crate::answer::{CharsetUsed, TableRead};
use crate::check::Judge;
use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::Problems;
use crate::submission::{Builder, Submission};
use crate::workbook::WorkbookRows;
use crate::{body, charset, decode, kinds, workbook};

/// A submission ready to be appended, and what its answer says of how it was read.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) submission: Submission,
    pub(crate) charset: Option<CharsetUsed>,
    pub(crate) table: Option<TableRead>,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(crate) problems: Problems,
    pub(crate) source: Option<String>,
    /// The sender's workbook with its mistakes marked, if it was asked for.
    pub(crate) workbook: Option<Vec<u8>>,
}

/// Decodes and judges a body of a catalog's reporter, within limits and a share of memory.
pub(crate) fn judge(
    (catalog, reporter): (&Catalog, &Reporter),
    (limits, share): (&Limits, &Share),
    plan: &Plan,
    body: &[u8],
    received_at: i64,
) -> Result<Judged, Turned> {
    let fail = |problems, source: Option<&str>| Turned { problems, source: source.map(str::to_owned), workbook: None };
    let unpacked;
    let bytes = if plan.gzip {
        unpacked = body::gunzip(body, limits, share).map_err(|problems| fail(problems, None))?;
        unpacked.as_slice()
    } else {
        body
    };
    let told;
    let content = match &plan.content {
        Content::Table(source) => {
            told = kinds::told(bytes, source.clone());
            &told
        }
        content => content,
    };
    let of_table = match content {
        Content::Csv(source) | Content::Workbook(source) | Content::Table(source) => source.as_deref(),
        Content::Json(_) | Content::Binary(_) => None,
    };
    kinds::check(bytes, content, plan.gzip).map_err(|problems| fail(problems, of_table))?;
    let judge = Judge::new(catalog, reporter, received_at);
    // Of a workbook nothing but its parts is much larger than the file; those are counted as they are read.
    let expected = Builder::memory(limits, bytes.len());
    share.take(expected).map_err(|problems| fail(problems, None))?;
    let builder = Builder::new(&judge, limits, plan.given_id.as_deref(), bytes.len());
    let charset = plan.charset.as_deref();
    let (text, cells, used);
    let builder = match content {
        Content::Csv(source) | Content::Table(source) => {
            let source = source.as_deref();
            share.take(charset::copied(bytes, charset)).map_err(|problems| fail(problems, source))?;
            let known = charset::Known { reporter: &reporter.charset, catalog };
            (cells, used) = charset::decode(bytes, charset, known).map_err(|problems| fail(problems, source))?;
            let (builder, table) = decode::read_csv(&cells, source, builder);
            return finish(builder).map(|submission| Judged { submission, charset: Some(used), table });
        }
        Content::Workbook(source) => {
            let source = source.as_deref();
            let read = workbook::read(bytes, source, (limits, share), builder);
            let WorkbookRows { builder, done, layout } = read.map_err(|problems| fail(problems, source))?;
            return match (finish(builder), layout) {
                (Ok(submission), _) => Ok(Judged { submission, charset: None, table: Some(done) }),
                (Err(turned), None) => Err(turned),
                (Err(mut turned), Some(layout)) => {
                    turned.problems.locate(|problem| layout.spot(problem));
                    if plan.marked {
                        let lang = plan.lang.or(layout.lang).unwrap_or_default();
                        // A workbook that cannot be marked is still refused, in words.
                        turned.workbook = workbook::mark(bytes, &layout, &turned.problems, lang, (limits, share)).ok();
                    }
                    Err(turned)
                }
            };
        }
        Content::Json(shape) => {
            text = charset::decode_json(bytes, charset).map_err(|problems| fail(problems, None))?;
            decode::read_json(text, *shape, limits.json_depth, builder)
        }
        Content::Binary(head) => {
            text = charset::decode_json(bytes, charset).map_err(|problems| fail(problems, None))?;
            decode::read_binary(text, head, limits.json_depth, builder)
        }
    };
    finish(builder).map(|submission| Judged { submission, charset: None, table: None })
}

fn finish(builder: Builder<'_, '_>) -> Result<Submission, Turned> {
    let source = builder.known_source();
    builder.finish().map_err(|problems| Turned { problems, source, workbook: None })
}
