use super::*;

fn known() -> Known {
    let units = [
        ["CNY", "元", "yuan"],
        ["PERSON", "人", "persons"],
        ["ITEM", "个", "units"],
        ["PATENT_PER_10000", "件/万人", "patents per 10,000 persons"],
    ];
    Known::new(units.into_iter(), ["银川市", "Yinchuan", "市"].into_iter())
}

/// Power and unit of everything that a title names beyond the plain unit, and what it asks about.
fn named(title: &str) -> (Vec<(i32, bool)>, Option<String>) {
    let found = read(title, &known());
    let mut units: Vec<_> = found.units.iter().filter(|unit| unit.power != 0).collect();
    units.dedup_by_key(|unit| (unit.power, unit.unit.clone()));
    let is_yuan = |unit: &TitledUnit| unit.is_about(&["CNY", "元", "yuan"]);
    (units.into_iter().map(|unit| (unit.power, is_yuan(unit))).collect(), found.unknown)
}

#[test]
fn a_multiplier_is_seen_in_every_shape() {
    for (title, power) in [
        ("表二\n单位：万元,,,\n", 4),
        ("（计量单位: 亿元）", 8),
        ("2018年研发经费（万元）", 4),
        ("2018年研发经费 (万元)", 4),
        ("研发经费【亿元】", 8),
        ("研发经费（2018年，万元）", 4),
        ("研发经费（单位：万元）", 4),
        ("研发经费,单位（万元）", 4),
        ("研发经费 单位：万元", 4),
        ("单位 万元", 4),
        ("单位万元", 4),
        ("单位为万元", 4),
        ("单位：人民币万元", 4),
        ("货币单位：人民币万元", 4),
        ("金额单位：万元人民币", 4),
        ("單位：萬元", 4),
        ("单位：億元", 8),
        ("单位：百万元", 6),
        ("单位：千万元", 7),
        ("单位：10万元", 5),
        ("单位：亿", 8),
        ("单位：万元  制表：张三", 4),
        ("Unit: Million Yuan", 6),
        ("Unit: million", 6),
        ("Unit (million yuan)", 6),
        ("Units: 10,000 yuan", 4),
        ("Unit: RMB million", 6),
        ("Unit: CNY 100 million", 8),
        ("in 10,000 yuan", 4),
        ("R&D expenditure (in thousands of yuan)", 3),
        ("in hundred million yuan, 2018", 8),
        ("RMB'000", 3),
        ("以万元为单位", 4),
        ("金额以亿元计", 8),
        ("表1 研发经费，万元", 4),
        ("表1 研发经费 万元", 4),
        ("表1 研发经费,,,万元", 4),
        ("R&D expenditure million yuan", 6),
        ("R&D expenditure 2018 million yuan", 6),
        ("单位：１０，０００元", 4),
        ("单位：10^4元", 4),
        ("单位——千元", 3),
        ("单位∶千元", 3),
        ("单位︰千元", 3),
        ("单位﹕千元", 3),
        ("单位–千元", 3),
        ("单位‐千元", 3),
        ("单　位：万　元", 4),
        ("单位:\u{200b}万元", 4),
        ("单位是万元", 4),
        ("金额为千元", 3),
        ("数据均按万元填报", 4),
        ("研发经费万元", 4),
        ("单位：万元¹", 4),
        ("GDP (¥m)", 6),
        ("in RMB m", 6),
        ("¥10k", 4),
        ("R&D (000s)", 3),
        ("R&D 000s", 3),
        ("R&D ('000)", 3),
        ("R&D (in 10⁴ yuan)", 4),
        ("（×10⁴元）", 4),
        ("R&D, million CNY", 6),
        ("GDP (bn)", 9),
        ("元×10^4", 4),
        ("yuan x 10^4", 4),
        ("x1000 yuan", 3),
        ("10的4次方元", 4),
        ("1E4 yuan", 4),
        ("（10⁴）", 4),
        ("RMBm", 6),
        ("MRMB", 6),
        ("Mio. CNY", 6),
        ("RMB million.", 6),
        ("million Yuan RMB", 6),
        ("CNY 0000", 4),
        ("万元为单位", 4),
        ("金额以亿计", 8),
        ("研发经费/万元", 4),
        ("万块", 4),
    ] {
        let (units, unknown) = named(title);
        assert!(!units.is_empty() && units.iter().all(|unit| *unit == (power, true)), "{title}: {units:?}");
        assert_eq!(unknown, None, "{title}");
    }
}

#[test]
fn harmless_titles_say_nothing() {
    for title in [
        "2018 年 R&D 报表",
        "研发经费（2018年）",
        "研发经费（预计）",
        "表1",
        "（一）基本情况（千）（百）",
        "Table 1 (1000)",
        "in 2018, in 1000",
        "单位：元",
        "单位：人、个",
        "单位：吨",
        "单位：%",
        "单位：件/万人",
        "单位：",
        "单位：（盖章）",
        "单位（盖章）：银川市统计局",
        "单位：银川市科技局",
        "单位：中卫市统计局",
        "单位：见各列",
        "单位名称：某某",
        "填报单位：甲市,,单位负责人：乙",
        "business unit: A",
        "Unit: Yinchuan",
        "community: opportunity",
        "投资 5 万元",
        "a target of 5 million yuan",
        "亿元以上企业",
        "数以万计的企业",
        "Progress in ten units, 100 units",
        "2018年（1-12月）",
        "万元GDP能耗",
        "年主营业务收入2000万元及以上企业",
        "投资 5 万元以上，五百万元以下",
        "每万人有效发明专利（件/万人）",
        "GDP¹",
        "m, k",
        "3×10^4, 2 x 10",
        "数以亿计",
    ] {
        assert_eq!(named(title), (vec![], None), "{title}");
    }
}

#[test]
fn what_is_no_known_unit_is_asked_about() {
    for (title, unknown) in [
        ("单位：万美元", "万美元"),
        ("Unit: million USD", "million usd"),
        ("计量单位：万元/人", "万元/人"),
        ("单位：三千元", "三千元"),
        ("研发经费（万美元）", "万美元"),
        ("单位：K", "k"),
        ("R&D $m", "$m"),
        ("单位：10^2147483647元", "10^2147483647元"),
    ] {
        assert_eq!(named(title), (vec![], Some(unknown.to_owned())), "{title}");
    }
    // Beside one that is known, another may be of other rows.
    assert_eq!(named("单位：万元、人年"), (vec![(4, true)], None));
    assert_eq!(named("单位：万人"), (vec![(4, false)], None));
}
