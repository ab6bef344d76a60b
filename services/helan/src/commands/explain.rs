//! `helan explain`: from a figure down to the reports behind it.

use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use helan_lake::Lake;
use helan_rollup::{Explanation, Node, Question, words};
use helan_schemas::catalog::Catalog;
use helan_schemas::codes::MULTIPLIERS;

use super::catalog;
use crate::args::Place;
use crate::lang::{Lang, counted};
use crate::show::{self, grouped};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  helan explain latest 640000 rd_intensity 2018        the region's R&D intensity, as published last\n  helan explain latest 宁夏回族自治区 T044              the verdict on target T044, with every reading\n  helan explain --live --as-of 2019-08-30 640000 gdp    as known by the end of that day, published or not\n  helan explain 3f2a9c1b 640100 rd_expenditure -f json  a publication by the beginning of its id\n\nThe same in SQL: `select * from lineage` (live) and `select * from publication_lineage` (as published)."
)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    place: Place,
    /// PUBLICATION AREA INDICATOR [PERIOD]; with --live AREA INDICATOR [PERIOD].
    /// PUBLICATION: `latest`, an id, the first 8 characters of one, or a date. AREA: code or name of an area or a group.
    /// INDICATOR: id or name, or the id of a target. Without PERIOD the publication's, or the catalog's
    #[arg(value_name = "WORD", required = true, num_args = 2..=4, verbatim_doc_comment)]
    words: Vec<String>,
    /// Explain the lake as it is, rather than a publication
    #[arg(long)]
    live: bool,
    /// With --live: what was known by then, a date (its end, in the catalog's time zone) or RFC 3339
    #[arg(long, value_name = "TIME", requires = "live")]
    as_of: Option<String>,
    /// tree for people, json for programs
    #[arg(short, long, value_enum, default_value = "tree")]
    format: Shape,
    /// Show cross-checks in full
    #[arg(long)]
    all: bool,
}

/// How the explanation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// An indented tree with the texts of the rules below
    Tree,
    /// One JSON document
    Json,
}

pub(crate) async fn run(args: ExplainArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    let catalog = catalog::given(&args.place)?;
    let mut words = args.words.into_iter();
    let publication = if args.live { None } else { words.next() };
    let (Some(area), Some(indicator)) = (words.next(), words.next()) else {
        bail!(
            "write `helan explain PUBLICATION AREA INDICATOR [PERIOD]`, or `helan explain --live AREA INDICATOR [PERIOD]`"
        );
    };
    let period = words.next();
    if let Some(word) = words.next() {
        bail!("{word:?} is an unexpected argument: with --live no publication is named");
    }
    let question = Question { publication, as_of: args.as_of, area, indicator, period };
    let explanation = helan_rollup::explain(&lake, catalog, &question).await?;
    let text = match args.format {
        Shape::Json => serde_json::to_string_pretty(&explanation.to_json())?,
        Shape::Tree => {
            Page { lang, all: args.all, zone: explanation.time_zone.clone(), catalog: explanation.known_by.clone() }
                .render(&explanation)
        }
    };
    super::rollup::print(&text)
}

struct Page {
    lang: Lang,
    all: bool,
    zone: String,
    catalog: Arc<Catalog>,
}

impl Page {
    fn render(&self, explanation: &Explanation) -> String {
        let mut lines = Vec::new();
        let root = &explanation.root;
        let from = match &explanation.publication {
            Some(id) => format!("{} {id}", self.lang.pick("发布", "publication")),
            None => self.lang.pick("当前数据", "the lake as it is").to_owned(),
        };
        lines.push(format!(
            "{from} · {} {} · {} {} ({})",
            self.lang.pick("截至", "as of"),
            self.moment(&helan_runtime::clock::rfc_3339(explanation.as_of)),
            self.lang.pick("指标目录", "catalog"),
            explanation.catalog_id,
            explanation.catalog.get(..12).unwrap_or(&explanation.catalog),
        ));
        if explanation.agrees == Some(false) {
            let (value, status) = explanation.published.clone().unwrap_or_default();
            let status = self.word(words::status(&status));
            lines.push(format!(
                "{}: {} ({status})",
                self.lang.pick(
                    "注意：按现在的程序重算的数值与发布值不同，发布值为",
                    "Note: this build computes another figure than was published, which is"
                ),
                value.unwrap_or_else(|| "–".to_owned())
            ));
        } else if explanation.agrees == Some(true) {
            lines.push(self.lang.pick("与发布值一致", "agrees with the published figure").to_owned());
        } else if explanation.publication.is_some() {
            let words =
                ("该发布中没有此值：以下按其时点计算", "no figure of this publication: computed as of its moment");
            lines.push(self.lang.pick(words.0, words.1).to_owned());
        }
        lines.push(String::new());
        self.node(root, "", "", &mut lines);
        lines.push(String::new());
        lines.push(match self.lang {
            Lang::Zh => format!("共 {} 条报送计入。所用规则：", root.events()),
            Lang::En => {
                format!("{} in the number. Rules that acted:", counted(root.events(), "report is", "reports are"))
            }
        });
        for number in root.all_rules() {
            if let Some((zh, en)) = helan_rollup::rule_text(number) {
                lines.push(format!("  {number:>2}  {}", self.lang.pick(zh, en)));
            }
        }
        lines.join("\n")
    }

    fn node(&self, node: &Node, first: &str, rest: &str, lines: &mut Vec<String>) {
        lines.push(format!("{first}{}", self.line(node)));
        let beside = matches!(node.role, "cross_check" | "listed" | "not_counted");
        // What stands beside the number is one line each, but for reports that do not count: these say who sent them.
        let brief = beside && node.kind != "event" && !self.all;
        for line in if brief { Vec::new() } else { self.details(node) } {
            lines.push(format!("{rest}{}{line}", if node.children.is_empty() { "  " } else { "│ " }));
        }
        if beside && !self.all {
            return;
        }
        let last = node.children.len().saturating_sub(1);
        for (at, child) in node.children.iter().enumerate() {
            let (branch, below) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(child, &format!("{rest}{branch}"), &format!("{rest}{below}"), lines);
        }
    }

    fn line(&self, node: &Node) -> String {
        let what = match node.kind {
            "event" => {
                let fact =
                    |name: &str| node.facts.iter().find(|(known, _)| *known == name).map_or("", |(_, v)| v.as_str());
                format!("{} {}", fact("source"), fact("id"))
            }
            "residual" if node.status == "difference" => self
                .lang
                .pick(
                    "与下级合计之差（本级公布数不由合计得出）",
                    "difference from the sum of its parts, which do not add up to it",
                )
                .to_owned(),
            "residual" if node.value.is_none() => self
                .lang
                .pick("无差额：本级数与各部分不可比", "no residual: the whole and its parts do not compare")
                .to_owned(),
            "residual" => self.lang.pick("差额（未分解到各市）", "residual: what has no reports behind it").to_owned(),
            "period" => format!("{} {}", self.lang.pick("本级报送", "its own report"), node.time_period),
            _ => {
                let name = self.lang.pick(&node.name_zh, &node.name_en);
                let indicator = self.lang.pick(&node.indicator_zh, &node.indicator_en);
                let target = node.target_id.as_ref().map_or(String::new(), |id| format!("{id} "));
                format!("{target}{name} ({}) {indicator} {}", node.ref_area, node.time_period)
            }
        };
        let value = node.value.as_deref().map_or_else(|| "–".to_owned(), grouped);
        let unit = if node.value.is_some() { self.lang.pick(&node.unit_zh, &node.unit_en) } else { "" };
        let marks: Vec<_> = node.marks.iter().map(|mark| self.word(words::mark(mark))).collect();
        let marks = if marks.is_empty() { String::new() } else { format!(" [{}]", marks.join(", ")) };
        let rules: Vec<_> = node.rules.iter().map(u8::to_string).collect();
        let role = self.word(words::role(node.role));
        let role = if role.is_empty() { String::new() } else { format!("{role}: ") };
        let status = self.word(words::status(&node.status));
        let line = format!("{role}{what} = {value} {unit}");
        format!("{} · {status}{marks} · {} {}", line.trim_end(), self.lang.pick("规则", "rules"), rules.join(","))
    }

    fn details(&self, node: &Node) -> Vec<String> {
        let mut lines = Vec::new();
        let fact = |name: &str| node.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        if let Some(formula) = &node.formula {
            let zh = node.formula_zh.clone().unwrap_or_else(|| self.named(formula));
            lines.push(format!("{} {}", self.lang.pick("算法", "formula"), self.lang.pick(&zh, formula)));
        }
        if node.kind == "event" {
            let sent = self.sent(
                fact("value").unwrap_or("–"),
                fact("unit_mult").unwrap_or("0"),
                fact("unit").unwrap_or_default(),
                node,
            );
            let edition = fact("edition")
                .map_or_else(String::new, |edition| format!(" · {} {edition}", self.lang.pick("版次", "edition")));
            lines.push(format!(
                "{} {sent} · {}{edition} · {} {}",
                self.lang.pick("原报", "sent"),
                fact("vintage").map_or_else(
                    || self.lang.pick("未注明版本", "no vintage said").to_owned(),
                    |code| self.vintage(code)
                ),
                self.lang.pick("获知", "known"),
                fact("known_at").map_or_else(|| "–".to_owned(), |time| self.moment(time))
            ));
            let signers = ["prepared_by", "reviewed_by", "approved_by"].map(|name| fact(name).unwrap_or("–"));
            lines.push(format!(
                "{} {} · {} {} · {} {}",
                self.lang.pick("报送单位", "reporter"),
                fact("reporter").map_or_else(|| "–".to_owned(), |id| self.reporter(id)),
                self.lang.pick("填报/审核/负责", "prepared/reviewed/approved by"),
                signers.join(" / "),
                self.lang.pick("提交", "submission"),
                fact("submission").unwrap_or("–")
            ));
            lines.push(format!(
                "{} {}/{} @ {} [{}]{}",
                self.lang.pick("日志", "log"),
                fact("topic").unwrap_or("–"),
                fact("partition").unwrap_or("–"),
                fact("offset").unwrap_or("–"),
                fact("index").unwrap_or("–"),
                fact("due_at").map_or_else(String::new, |due| format!(
                    " · {} {}",
                    self.lang.pick("期限", "due"),
                    self.moment(due)
                ))
            ));
            return lines;
        }
        for (name, value) in &node.facts {
            let shown = match *name {
                "reading" => format!("{} {}", self.lang.pick("口径", "reading"), self.reading(value)),
                "reason_zh" if self.lang == Lang::Zh => value.clone(),
                "reason_en" if self.lang == Lang::En => value.clone(),
                "missing_zh" if self.lang == Lang::Zh => format!("缺报：{value}"),
                "missing_en" if self.lang == Lang::En => format!("missing: {value}"),
                "within_not_added" => {
                    format!("{} {value}", self.lang.pick("位于其内、不计入：", "lie within, not added:"))
                }
                "attribution" => {
                    format!("{} {}", self.lang.pick("归属", "attribution"), self.word(words::attribution(value)))
                }
                "vintage" => format!("{} {}", self.lang.pick("数据版本", name), self.vintage(value)),
                "basis" => format!("{} {}", self.lang.pick("基准", name), self.basis(value)),
                "edition" => format!("{} {value}", self.lang.pick("版次", name)),
                "numerator_edition" => format!("{} {value}", self.lang.pick("分子版次", name)),
                "denominator_edition" => format!("{} {value}", self.lang.pick("分母版次", name)),
                "paired_edition" => format!(
                    "{} {value}",
                    self.lang.pick(
                        "两部分均取自同时载有二者的最新版次",
                        "both parts from the newest edition that has both:"
                    )
                ),
                "numerator_basis" => format!("{} {}", self.lang.pick("分子基准", name), self.basis(value)),
                "denominator_basis" => format!("{} {}", self.lang.pick("分母基准", name), self.basis(value)),
                "denominator_date" => {
                    format!("{} {}", self.lang.pick("分母时点", name), self.word(words::denominator_date(value)))
                }
                _ => continue,
            };
            lines.push(shown);
        }
        lines
    }

    /// A value as it was sent, with its multiplier and unit; in Chinese by their names.
    fn sent(&self, value: &str, unit_mult: &str, unit: &str, node: &Node) -> String {
        let power = unit_mult.parse().ok();
        let known = MULTIPLIERS.iter().find(|(known, ..)| Some(*known) == power);
        let zh = known.map(|(power, zh, _)| if *power == 0 { "" } else { *zh });
        match zh.filter(|_| self.lang == Lang::Zh) {
            Some(zh) => format!("{value} {zh}{}", if node.unit_zh.is_empty() { unit } else { &node.unit_zh }),
            None => format!("{value} × 10^{unit_mult} {unit}"),
        }
    }

    fn word<'t>(&self, (zh, en): (&'t str, &'t str)) -> &'t str {
        self.lang.pick(zh, en)
    }

    /// A formula with the indicators' names in the place of their codes, and words for the day of a denominator.
    fn named(&self, formula: &str) -> String {
        let day = |word: &str| {
            let code = word.strip_prefix('(')?.strip_suffix(')')?;
            let said = self.word(words::denominator_date(code));
            (said != code).then(|| format!("（{said}）"))
        };
        let name = |word| match self.catalog.indicator(word) {
            Some(row) => self.lang.pick(&row.name_zh, &row.name_en).to_owned(),
            None => day(word).unwrap_or_else(|| word.to_owned()),
        };
        formula.split(' ').map(name).collect::<Vec<_>>().join(" ")
    }

    /// A reporter's name, with its id.
    fn reporter(&self, id: &str) -> String {
        let name = self.catalog.reporter(id).map(|row| self.lang.pick(row.name_zh.as_str(), &row.name_en));
        match (name, self.lang) {
            (None, _) => id.to_owned(),
            (Some(name), Lang::Zh) => format!("{name}（{id}）"),
            (Some(name), Lang::En) => format!("{name} ({id})"),
        }
    }

    /// A benchmark's name; its code where the catalog has none.
    fn basis<'t>(&'t self, code: &'t str) -> &'t str {
        let row = self.catalog.bases.iter().find(|row| row.basis == code);
        row.map_or(code, |row| self.lang.pick(&row.name_zh, &row.name_en))
    }

    fn vintage(&self, codes: &str) -> String {
        let (zh, en) = words::vintage(codes);
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// A moment in the catalog's zone, as people there read it.
    fn moment(&self, text: &str) -> String {
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => show::moment(at.as_microsecond(), &self.zone, self.lang),
            Err(_) => text.to_owned(),
        }
    }

    /// A reading of a target, `census-revised, rounded 1.29848 >= 1.3 → met`, word by word. The number is the one that is rounded
    /// before it is compared: that is said behind it.
    fn reading(&self, text: &str) -> String {
        let mut words: Vec<&str> = text.split(' ').collect();
        for at in 1..words.len() {
            if words[at - 1] == "rounded" {
                words.swap(at - 1, at);
            }
        }
        if self.lang == Lang::En {
            return words.join(" ");
        }
        let word = |word: &str| {
            let (code, comma) = word.strip_suffix(',').map_or((word, ""), |code| (code, "，"));
            let told = match code {
                "rounded" => "修约后",
                "→" => "，则",
                code => [words::comparator(code).0, words::status(code).0]
                    .into_iter()
                    .find(|told| *told != code)
                    .unwrap_or_default(),
            };
            let told = if told.is_empty() { words::vintage(code).0 } else { told.to_owned() };
            format!("{told}{comma}")
        };
        words.into_iter().map(word).collect::<Vec<_>>().join(" ").replace(" ，", "，").replace("， ", "，")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_the_catalogs_zone() {
        let page =
            |lang, zone: &str| Page { lang, all: false, zone: zone.to_owned(), catalog: Arc::new(Catalog::embedded()) };
        let due = "2019-08-31T15:59:59.999999Z";
        assert_eq!(page(Lang::En, "Asia/Shanghai").moment(due), "2019-08-31 23:59 +08:00");
        assert_eq!(page(Lang::Zh, "Asia/Shanghai").moment(due), "2019-08-31 23:59（北京时间）");
        assert_eq!(page(Lang::En, "America/Halifax").moment("2019-09-01T02:59:59.999999Z"), "2019-08-31 23:59 -03:00");
        assert_eq!(page(Lang::En, "Asia/Shanghai").moment("–"), "–");
    }

    #[test]
    fn digits_stand_in_groups() {
        assert_eq!(grouped("4557925000"), "4,557,925,000");
        assert_eq!(grouped("-1234.56789"), "-1,234.56789");
        assert_eq!(grouped("12"), "12");
    }
}
