//! Charsets × texts: what is read is what was written, or it is refused.

use encoding_rs::{EUC_JP, ISO_8859_5, KOI8_R, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255};
use proptest::prelude::*;

use super::*;

/// Reading it takes longer than a test.
fn catalog() -> &'static Catalog {
    static CATALOG: std::sync::LazyLock<Catalog> = std::sync::LazyLock::new(Catalog::embedded);
    &CATALOG
}

fn decoded_by(bytes: &[u8], named: Option<&str>, reporter: &str) -> Result<(String, String, HowKnown), Code> {
    match decode(bytes, named, Known { reporter, catalog: catalog() }) {
        Ok((text, used)) => Ok((text.into_owned(), used.name, used.how)),
        Err(problems) => Err(problems.code()),
    }
}

fn decoded(bytes: &[u8], named: Option<&str>) -> Result<(String, String, HowKnown), Code> {
    decoded_by(bytes, named, "")
}

fn encoded(charset: &'static Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = charset.encode(text);
    assert!(!lossy, "{text} in {}", charset.name());
    bytes.into_owned()
}

fn ok(text: &str, name: &str, how: HowKnown) -> Result<(String, String, HowKnown), Code> {
    Ok((text.to_owned(), name.to_owned(), how))
}

#[test]
fn recognises_or_refuses() {
    let gb = encoded(GB18030, "银川市,研发经费");
    assert_eq!(decoded("银川".as_bytes(), None), ok("银川", "utf-8", HowKnown::Detected));
    assert_eq!(decoded("\u{feff}银川".as_bytes(), None), ok("银川", "utf-8", HowKnown::ByteOrderMark));
    assert_eq!(decoded(&gb, None), ok("银川市,研发经费", "gb18030", HowKnown::Detected));
    assert_eq!(decoded(&gb, Some("GBK")), ok("银川市,研发经费", "gb18030", HowKnown::Named));
    assert_eq!(decoded(&gb, Some("gb2312")), ok("银川市,研发经费", "gb18030", HowKnown::Named));
    assert_eq!(decoded(b"plain", None), ok("plain", "utf-8", HowKnown::Detected));
    for utf8 in ["Schätzung für Süden", "оценочно", "εκτίμηση", "4\u{a0}220", "ģʽ"] {
        assert_eq!(decoded(utf8.as_bytes(), None), ok(utf8, "utf-8", HowKnown::Detected));
    }
    assert_eq!(decoded(&gb, Some("utf-8")), Err(Code::InvalidUtf8));
    assert_eq!(decoded(b"\xff\xff", None), Err(Code::CharsetUndetected));
    assert_eq!(decoded(b"a\xff", Some("gb18030")), Err(Code::CharsetMismatch));
    assert_eq!(decoded("\u{feff}a".as_bytes(), Some("gb18030")), Err(Code::CharsetMismatch));
    assert_eq!(decoded("Süden".as_bytes(), Some("windows-1252")), Err(Code::CharsetMismatch));
    for name in ["gb18030", "big5", "shift_jis", "euc-kr", "euc-jp"] {
        assert_eq!(decoded("初步数据".as_bytes(), Some(name)), Err(Code::CharsetMismatch), "{name}");
        assert_eq!(decoded(b"plain", Some(name)).map(|read| read.0), Ok("plain".to_owned()), "{name}");
    }
    // Two bytes may be a Hanzi of GB18030 and a letter of UTF-8.
    assert_eq!(decoded(b"\xcd\xb3", Some("gb18030")), ok("统", "gb18030", HowKnown::Named));
    assert_eq!(decoded("\u{feff}\u{feff}a".as_bytes(), None), Err(Code::ByteOrderMarkTwice));
    assert_eq!(decoded("\u{feff}\u{feff}a".as_bytes(), Some("utf-8")), Err(Code::ByteOrderMarkTwice));
    assert_eq!(decoded(b"\xff\xfea\0", None), Err(Code::CharsetUnsupported));
    let wide = |bytes: &[u8]| decode(bytes, None, Known { reporter: "", catalog: catalog() }).map(drop);
    for (bytes, name) in [
        (b"\xff\xfea\0b\0" as &[u8], "UTF-16"),
        (b"\0a\0b", "UTF-16"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
        (b"a\0\0\0b\0\0\0", "UTF-32"),
    ] {
        let told = wide(bytes).expect_err(name);
        assert!(format!("{told:?}").contains(name), "{told:?}");
    }
    assert_eq!(decoded(b"a\0,\0b\0", None), Err(Code::CharsetUnsupported));
    assert_eq!(decoded(b"a\0,\0b\0", Some("utf-16le")), ok("a,b", "utf-16le", HowKnown::Named));
    assert_eq!(decoded(b"a", Some("nonsense")), Err(Code::CharsetUnsupported));
}

#[test]
fn a_text_of_its_own_is_counted() {
    assert_eq!(copied("银川".as_bytes(), None), 0);
    assert_eq!(copied("银川".as_bytes(), Some("UTF-8")), 0);
    assert_eq!(copied(b"plain", Some("windows-1252")), 0);
    assert_eq!(copied(b"S\xfcden", Some("windows-1252")), 15);
    assert_eq!(copied(b"S\xfcden", None), 15);
}

#[test]
fn the_form_and_the_catalog_say_it() {
    let cyrillic = encoded(WINDOWS_1251, "ref_area,note\n01,оценочно\n");
    assert_eq!(decoded(&cyrillic, None), Err(Code::CharsetAmbiguous));
    let read = decoded_by(&cyrillic, None, "windows-1251").expect("read");
    assert_eq!((read.0.contains("оценочно"), read.2), (true, HowKnown::Reporter));
    let form = encoded(WINDOWS_1251, "ref_area,\"#charset=Windows-1251\",note\n01,,оценочно\n");
    let read = decoded_by(&form, None, "windows-1252").expect("read");
    assert_eq!((read.0.contains("оценочно"), read.1.as_str(), read.2), (true, "windows-1251", HowKnown::Form));
    // What is UTF-8 all the same is UTF-8, and the request comes first.
    let read = decoded_by("ref_area,note\n01,оценочно\n".as_bytes(), None, "windows-1251").expect("read");
    assert_eq!(read.2, HowKnown::Detected);
    assert_eq!(decoded_by(&cyrillic, Some("koi8-r"), "windows-1251").expect("read").2, HowKnown::Named);
    for charset in helan_schemas::codes::CHARSETS {
        assert!(of_label(charset).is_some(), "{charset}");
    }
}

#[test]
fn a_refusal_shows_the_text_in_several() {
    let bytes = encoded(WINDOWS_1252, "ref_area,note\n01,Schätzung für Süden\n");
    let problems = decode(&bytes, None, Known { reporter: "", catalog: catalog() }).expect_err("not told");
    assert_eq!(problems.list()[0].line, Some(2));
    let message = problems.list()[0].message_en();
    assert!(message.contains("windows-1252 \"Schätzung für Sü…\""), "{message}");
    assert!(message.contains("gb18030 \""), "{message}");
}

/// Found by the property below: Hangul that come out as common Hanzi, 刘啊 措厚.
#[test]
fn common_hanzi_by_chance_are_not_chinese() {
    for text in ["증가 대비", "증가", "전년 대비 증가 감소", "대비 기준 예산 증가"] {
        let bytes = encoded(EUC_KR, &note(text));
        assert_eq!(decoded(&bytes, None).map(|read| read.0), Err(Code::CharsetAmbiguous), "{text}");
    }
}

#[test]
fn files_of_two_charsets_put_together_are_refused() {
    let joined = [note("初步核算").as_bytes(), &encoded(GB18030, &note("快报数据"))].concat();
    assert_eq!(decoded(&joined, Some("gb18030")), Err(Code::CharsetMismatch));
    let alone = encoded(GB18030, &[note("快报数据"), note("初步核算")].concat());
    assert_eq!(decoded(&alone, Some("gb18030")).map(|read| read.1), Ok("gb18030".to_owned()));
}

/// A short name alone may be anything; with a word of offices, or where no other charset makes sense of it, it tells.
#[test]
fn names_and_words_of_offices_tell() {
    for text in [
        "银川市",
        "初步核算数",
        "研发经费",
        "口径调整",
        "数据待核实",
        "张三填报，数据来自年报",
        "财政拨款减少",
        "据税务局数据",
        "因疫情影响推迟上报",
        "企业搬迁外地",
        "合同尚未签订",
    ] {
        let read = decoded(&encoded(GB18030, &note(text)), None);
        assert_eq!(read, ok(&note(text), "gb18030", HowKnown::Detected), "{text}");
    }
    for text in ["张三", "王五李四", "刘啊 措厚", "淄博"] {
        let read = decoded(&encoded(GB18030, &note(text)), None);
        assert_eq!(read, Err(Code::CharsetAmbiguous), "{text}");
    }
}

/// Words of statistics offices and the charsets in which they are written.
fn written() -> Vec<(&'static Encoding, Vec<&'static str>)> {
    vec![
        (WINDOWS_1252, "Schätzung für Süden données révisées provisoires Größe mañana São élève ÄÖÜ ÉTÉ Øre Århus".split(' ').collect()),
        (WINDOWS_1250, "předběžný odhad Łódź Kraków większość Škoda żółć".split(' ').collect()),
        (WINDOWS_1251, "ОЦЕНКА оценочно ПРЕДВАРИТЕЛЬНЫЕ данные Уточнено МОСКВА область население ПАТЕНТЫ ВВП РАСХОДЫ ИТОГО ВСЕГО ПО РАЙОНУ ОТЧЕТ КВАРТАЛ РОСТ БЮДЖЕТ".split(' ').collect()),
        (ISO_8859_5, "ОЦЕНКА оценочно ДАННЫЕ Уточнено МОСКВА область население ПАТЕНТЫ ВВП РАСХОДЫ ИТОГО".split(' ').collect()),
        (KOI8_R, "ОЦЕНКА оценочно Предварительно данные Уточнено Москва область население патенты".split(' ').collect()),
        (WINDOWS_1253, "ΕΚΤΙΜΗΣΗ εκτίμηση Προσωρινά Αθήνα σύνολο".split(' ').collect()),
        (WINDOWS_1254, "geçici değer İstanbul ölçü şehir".split(' ').collect()),
        (WINDOWS_1255, "הערכה ירושלים זמני".split(' ').collect()),
        (BIG5, "初步統計 修正數 研發經費 地區生產總值 人口 估計 最終數 暫定 資料不含 台北市 高雄市 專利 普查修訂".split(' ').collect()),
        (SHIFT_JIS, "推定値 暫定値 速報 研究開発費 東京都 大阪府 県内総生産 人口 改定値 修正 ﾃｽﾄ ﾆﾎﾝ".split(' ').collect()),
        (EUC_JP, "推定値 暫定値 速報 研究開発費 東京都 大阪府 県内総生産 人口 改定値 修正 確定".split(' ').collect()),
        (EUC_KR, "추정치 잠정치 수정됨 확정 연구개발비 지역내총생산 인구 특허 서울특별시 부산광역시 증가 대비 감소 기준 예산 전년 증가율 분기 상반기 통계청 자료 출처 기업 대학 정부 \
             공공 기관 제조업 건설 투자 지출 수입 수출 물가 지수 고용 소득 가구 교육 과학 기술 혁신 산업 정책 목표 달성 미달 보고 제출 기한 \
             담당자 검토 승인 비고 사유 정정 취소 합계 평균 단위 백만원 억원 누계 대구 인천 경기도 강원도 자료없음 조사중 이 그 및 등 수".split(' ').collect()),
    ]
}

const CHINESE: [&str; 12] = [
    "含修订数据",
    "初步核算数",
    "按新口径调整",
    "数据来自年报",
    "不含个体户",
    "比上年增长",
    "专利局提供",
    "银川市",
    "宁东基地",
    "待核实后更新",
    "企业自报数据",
    "口径与去年不同",
];

fn note(text: &str) -> String {
    format!("ref_area,indicator,time_period,value,unit,note\n01,balance,2023,4206,CUR,{text}\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A text in a charset that nobody names is never stored as another; named, it is read as it was written.
    #[test]
    fn what_nobody_names_is_refused(at in 0_usize..12, words in prop::collection::vec(any::<prop::sample::Index>(), 1..8)) {
        let (charset, all) = written().swap_remove(at);
        let words: Vec<&str> = words.iter().map(|index| all[index.index(all.len())]).collect();
        let text = note(&words.join(" "));
        let bytes = encoded(charset, &text);
        match decoded(&bytes, None) {
            Ok((read, name, _)) => prop_assert_eq!(&read, &text, "{} taken for {}", charset.name(), name),
            Err(code) => prop_assert!(matches!(code, Code::CharsetAmbiguous | Code::CharsetUndetected), "{}", code),
        }
        let (read, name, how) = decoded(&bytes, Some(charset.name())).expect("named");
        prop_assert_eq!((read, name, how), (text.clone(), charset.name().to_ascii_lowercase(), HowKnown::Named));
        let (read, ..) = decoded_by(&bytes, None, charset.name()).expect("the catalog's");
        prop_assert_eq!(read, text);
    }

    /// UTF-8 is UTF-8, whatever the letters are.
    #[test]
    fn utf8_is_utf8(text in "\\PC{0,40}") {
        let text = note(&text);
        let (read, name, _) = decoded(text.as_bytes(), None).expect("UTF-8");
        prop_assert_eq!((read, name.as_str()), (text, "utf-8"));
    }

    /// Chinese notes in GB18030 are read without a name.
    #[test]
    fn plain_chinese_is_recognised(words in prop::collection::vec(prop::sample::select(CHINESE.to_vec()), 1..8)) {
        let text = note(&words.join("，"));
        let (read, name, _) = decoded(&encoded(GB18030, &text), None).expect("Chinese");
        prop_assert_eq!((read, name.as_str()), (text, "gb18030"));
    }
}
