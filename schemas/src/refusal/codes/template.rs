//! Templates.

macro_rules! template {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
            TemplateNothingDue = "template_nothing_due", 404,
                "该单位在此报告期没有报送任务", "nothing is due from this reporter for that period",
                "核对 period（年报 2018、季报 2018-Q2、月报 2018-06），任务见指标目录 obligations.csv", "check period (annual 2018, quarterly 2018-Q2, monthly 2018-06) against obligations.csv of the catalog";
            TemplateForeign = "template_foreign", 403, "无权下载其他单位的模板", "the template belongs to another reporter",
                "使用本单位的访问令牌和代码", "use your own reporter's id and token";
        }
    };
}
