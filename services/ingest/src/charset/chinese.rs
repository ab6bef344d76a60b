//! Whether bytes that would be GB18030 are plainly Chinese: in other charsets of two bytes a character the same bytes are
//! other texts, and nearly all of them come out as Hanzi too. A few of these are common ones by chance, also in a row of
//! four or eight; that they are a name, or words of an office, is no chance.

use std::collections::HashSet;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::GBK;
use helan_schemas::catalog::Catalog;

use crate::decode::headings::headings;

/// Hanzi of a name of the catalog that tells by itself. Two may be any other two characters.
const NAME: usize = 3;
/// Different shorter names and words of offices that tell together.
const WORDS: usize = 2;
/// Distinct common Hanzi below which a text without such words is too short to tell.
const FEWEST: usize = 5;
/// Of so many Hanzi one may be rare: a name, mostly.
const ONE_RARE_IN: usize = 8;

/// Whether a text decoded as GB18030 is plainly Chinese. One of three things tells: a heading or a name of the catalog
/// stands in it; words that offices write stand in it; or its Hanzi are those that Chinese is written with, and its bytes
/// are more likely Chinese than Korean, Japanese, traditional Chinese or letters of another script. Words that stand there
/// again and again count once.
pub(super) fn is_plainly_chinese(text: &str, bytes: &[u8], catalog: &Catalog) -> bool {
    // Bytes that stand for no character are kept at private ones.
    if text.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}')) {
        return false;
    }
    let known: HashSet<&str> = known(catalog).flat_map(words).collect();
    let written: HashSet<&str> = words(text).collect();
    let names: HashSet<&str> = written.iter().copied().filter(|word| known.contains(word)).collect();
    if names.iter().any(|name| hanzi(name) >= NAME) {
        return true;
    }
    let common: HashSet<char> = COMMON.chars().chain(known.iter().flat_map(|word| word.chars())).collect();
    let (mut all, mut rare, mut distinct) = (0, 0, HashSet::new());
    for c in written.iter().flat_map(|word| word.chars()).filter(|c| !c.is_ascii()) {
        all += 1;
        if is_hanzi(c) && common.contains(&c) {
            distinct.insert(c);
        } else if !is_full_width(c) {
            rare += 1;
        }
    }
    let short_names = names.into_iter().filter(|name| hanzi(name) > 1);
    let office: HashSet<&str> = OFFICE.split(' ').collect();
    let of_offices = written.iter().flat_map(|word| pairs(word)).filter(|pair| office.contains(pair));
    let told: HashSet<&str> = short_names.chain(of_offices).collect();
    rare * ONE_RARE_IN <= all
        && (told.len() >= WORDS || (distinct.len() >= FEWEST || !told.is_empty()) && is_likely_chinese(bytes))
}

/// Whether a text has Hanzi, two at least, and all of them are those that Chinese is written with.
pub(super) fn is_of_common_hanzi(text: &str, catalog: &Catalog) -> bool {
    let is_common = |c: char| COMMON.contains(c) || known(catalog).any(|word| word.contains(c));
    hanzi(text) > 1 && text.chars().filter(|c| !c.is_ascii()).all(|c| is_full_width(c) || is_hanzi(c) && is_common(c))
}

/// Whether no other charset makes a likelier text of the bytes.
fn is_likely_chinese(bytes: &[u8]) -> bool {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny) == GBK
}

/// Every two characters that stand beside each other.
fn pairs(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).skip(1);
    word.char_indices().zip(ends).map(|((at, _), end)| &word[at..end])
}

fn hanzi(word: &str) -> usize {
    word.chars().filter(|c| is_hanzi(*c)).count()
}

/// What stands between spaces, marks and separators, where it is not ASCII.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_ascii())
}

/// The Chinese texts that tables of this catalog have.
fn known(catalog: &Catalog) -> impl Iterator<Item = &str> {
    let headings = headings().map(|(_, zh, _)| zh);
    let areas = catalog.areas.iter().map(|row| row.name_zh.as_str());
    let groups = catalog.groups.iter().map(|row| row.name_zh.as_str());
    let indicators = catalog.indicators.iter().flat_map(|row| [row.name_zh.as_str(), row.unit_zh.as_str()]);
    headings.chain(areas).chain(groups).chain(indicators)
}

fn is_hanzi(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// Digits and letters of full width, which stand in Chinese texts and tell nothing.
fn is_full_width(c: char) -> bool {
    matches!(c, '\u{ff01}'..='\u{ff5e}')
}

/// Words of two Hanzi that offices write beside figures.
const OFFICE: &str = "\
     初步 核算 数据 修订 修正 更正 口径 调整 年报 季报 月报 快报 统计 普查 抽样 推算 估计 估算 暂定 最终 增长 增加 下降 减少 同比 环比 不含 包括 企业 单位 部门 政府 \
     核实 更新 提供 来源 说明 备注 报送 补报 漏报 未报 缺报 撤销 人口 经费 研发 专利 生产 总值 收入 支出 投资 合计 其中 上年 去年 本年 全年 年末 季度 月份 地区 全市 全区 \
     工业 农业 科技 高校 院所 原因 错误 可比 现价 基准 财政 指标 数值 项目 公布 发布 审核 负责 填报 名称 代码 时期 基地 园区 \
     税务 拨款 影响 推迟 延期 迟报 误报 重报 错报 上报 填写 汇总 审批 批准 批复 测算 折算 预计 预估 预算 决算 审计 合并 停产 停业 注销 搬迁 资金 补贴 补助 贷款 营业 利润 同期 上期 本期 \
     当月 累计 上月 本月 银行 财务 附件 文件 通知 规定 依据 根据 按照 标准 范围 目录 样本 调查 登记 反馈 核对 复核 确认 修改 变更 变动 偏高 偏低 持平 回升 回落 增幅 降幅 尚未 暂缺 缺失 \
     无法 暂无 情况 属实 疫情 因素 价格 政策 减产 扩建 新建 新增 投产 建设 人员 职工 工资 合同 采购 设备 全国 自治 个体 法人 机构 集团 公司 学校 医院 教育 卫生 文化 交通 能源 环境";

/// The Hanzi that make up nine tenths of what is written, by how often they are used, and those of offices. Missing on
/// purpose: rarer ones that Russian in KOI8-R comes out as, which are two of its small letters (汤, 潘, 拖).
const COMMON: &str = "\
     一是人了不在有大中国和为这上他个地年来我会以到时要出的生学说道民家子也成行下们于后就发自之对得主长可过天作分方用多你着部能市等业全里工公经本都而高政法面门动日进区事代那去心小同北定开产前其军还然起种所\
     如现理机体表力好外与文当两实重新三么只山水关明从化平建又制南内西没此将员名手最东头者月间无安看见各城十相但已些正口通想度加第她合院物性战由位常点海意场武使次二向治因立数样身情入原问把路被并利石老教万知\
     级量任江及应省资委务元美特期世湖回系比气汉总展电科金先声提品设或义王社很统处四首共马形己儿司太目基领队直计别女权话少流命至报米给打变果书清活几州华解议更称程今决张导术府才保交放管结师便走达族反再题色五\
     京河接条规式县白它改风光运信受什组听布百济党指论强做取技黄神选记斯真却职号界件花类何眼兵传带空干农边据集联古广完质阳难增历史专官每住商即步认车台林必死游举线言皇土团收考求德叫近备研争非具李众连调感转笑\
     革该持始英克士尔让拉思根格造较际亲单朝红型价校约器字段周亚深候则功属积快图火千准究往极育装许参半令吃观鱼精办像帝八复影告远群包整构料随划算象容示投势热值夫网望源息语股铁断派速怎需片爱律纪支早况病境证编\
     越局推满且列觉服双未居除乐企引标确织初青志率项飞球节察龙响药站施均消客失轻存低甚般击曾防请离落显罗营足素视护副食创余照兴占巴虽洲村费易试星木黑左宝置跟央识维采六底宫房音环案批切斗富乡另倒若按查故突责严\
     桥模仅胜杀围席态破承招杨负层须父供续状域似依银范修找九致密终血旅钱赛独细效玉冲获习医演毛尽脸弹楼艺航陆右协七攻镇检写苏宗章注阿抗弟坐验封紧劳户优财养适陈喜卫排射哥油刻留急降念云微伤例景拿绝阶座刘刚害印\
     亿沙母酒助闻超审待压升送监策略限竟香配藏敌呢差仍兰温园树征善波哪词岛止预怕继皮执味份角草男普答益谁船惊核街夏宣掌田久著画辑奇尼剑吧谈背免孩礼材愿洋春架筑括晚乱乎讲尚良友临激刀夜室既敢邦挥昌板胡欧福港叶\
     简苦担句岁荆贵娘守辖威宜衣帮块堂额错剧充欢够孙班呼阵销坚练脚退读测吴希宁换版异某顾曲楚典朱毒菜判救宋茶洪含顺啊鲜败货矿端兄归冷忙买险康评肉吗厂永哈沉散遗停笔假输牛洞松渐顶训录否述毕督控丰献姑忽爷互亮纳\
     襄登咱钟伯臣雄季脑介鄂召饭暗扩祖齐短烈赶牌恩诉移诗础露届蒙静喝盘卖植授伊湾博痛减穿逐秘庭陵固禁票灵杂姓泽吸侧庆妈遇追甲馆补唐炮沿殿刺怪彩俄旧警索岸轮妇载靠附毫怀软骨探雷旁罪枪牙迎序慢盛雨墙恶谷顿危稳熟\
     概酸操诸绿佛荣针托宽折野付午肯库厚缺罢耳屋嘴末谢巨培页瓦款犯困店智拥雪翻圣戏旗吉婚奖岩疑币圆歌廷健卡烧析讨跑烟误仙疗舞亡闭汽伸脱秋姐繁侵川莫麻秀借寻私岗卷跳丽横驻套兼您君丁束纸夺袁灯坏坦丝径购阴床瞧择\
     墓宪峰遍鲁庙掉丹桃御舰避售怒课播拔奥延虚隐粮络遭摇潜庄混厅婆奴鼓赵访睡震予童徐韦殖抓拜吨扬址洛休纵逃染纷贸透汇灭蛋森仪塔距狐融郡缓聚盖拍迹忠释润粉涓孔岭搜紫虑促抵钢塞寺津液码虎坛珍硬梁奔累役偏迫锛凡损\
     壁哭替税综伦冰盟挂韩竞乌尤弱铺妹秦尊竹珠迅脉泥鬼纯睛刑途隆潮幅杯握谋剂幸奉乘抱朋谓频崇壮骑紝恐享鸡虫凭符填订撤启缩贴删覆估偿键励暂券贷抽剔剥册\
     拨迟详馈搬迁漏舍滞签逾吊歇涨跌牧渔零宿餐饮仓储邮租赁娱冶炼橡胶塑纺刷械玻璃瓷债摊净亏盈竣账簿箱函匡摸溯瞒驳剩旱灾拆拟裁聘薪酬硕刊孵燃默串匹链返触描窗隔尾映恢译缀弃递秒尝框丢赖插拒截栏循阻诺殊斜滚绘寄嵌\
     卸贮夹唯稀疏浮竖焦摘废扫赋捷梅枚冒努毁辅驱涉耗滑佩浅敏荐鉴糊违割柏斥杰跨荷捕崩悬溃堆轨圾垃猜缘稿甘叙宏偶佳粘旋纽携仿遵骤鸣墨汗旺粗忘贡滨碎渡垂拼碰亦冻蓝讯挑嘉豪尖乏孤颁跃弧颠盾伍夸署柳盒龄彼勉绪旦雕摄\
     赤渠泊蓬惯逼邓轴洁茵穷闽残迈谨捉翰碧坤妨琐诞饱杭苗洗慎搭";
