/* test_repeat_classes.c - kinds of pages with repeats, and exactly what is left of each.
 *
 * A page is written as a scheme, a word a line of it:
 *
 *     a        passage a of a set
 *     a>  <a   cut off in mid-word; without its head, from mid-word on
 *     a.  a,   cut off behind a word, with "..."; with an ellipsis and "Read more"
 *     a:       cut off behind a word, with nothing to say so
 *     -a  a/   as an item of a list; as two items
 *     a'  a%   with other quotes, dashes, spaces and case; with words split in two
 *     a^       with its letters decomposed
 *     a&b      run into one another
 *     0 .. 9   the set's short lines
 */
#include "testing.h"

#include <utf8proc.h>

#include "slice.h"
#include "text.h"

/* --- passages ------------------------------------------------------------------------ */

enum { PASSAGES = 6, LINES = 10 };

struct set {
    const char *name;
    const char *passages[PASSAGES];
    const char *lines[LINES];
};

static const struct set english = {
    "English",
    {"When the canal froze in the second week of January, the postmistress of Lower Wick tied "
     "her mailbag to a child's sledge and walked the nine locks to Harbury on the ice. It took "
     "her the better part of a day, because at every lock someone came out with tea and wanted "
     "to know whether the ice would bear a horse, a cart, or at the very least a grandfather.",
     "The repair café in the old tram depot opens on Thursdays, and by half past six the queue "
     "has usually reached the bicycle stands. People bring toasters, radios, a wedding dress "
     "with a broken zip, once even a church bell no larger than a pear. Seven volunteers sit "
     "behind a long table and listen, as doctors do, before they reach for any tool at all.",
     "Nobody had asked the beekeepers about the new car park, so they came to the meeting with "
     "three jars of honey and a map drawn in felt pen. The first jar was dark and tasted of "
     "heather, the second was pale and came from the lime trees beside the station, and the "
     "third one was empty. That, said the eldest of them, would be next year's harvest.",
     "My grandmother kept the weather in a school exercise book, one line for every morning "
     "since 1951. She wrote down the wind, the first swallow and the price of eggs, and on the "
     "day that my mother was born she wrote nothing but the word rain. The university has asked "
     "for the books twice by now, and twice my aunt has sent them a jar of plums instead.",
     "The orchestra rehearses in a disused swimming pool, and the conductor swears that there "
     "is no better room for cellos in the whole province. The brass players stand at the deep "
     "end, where the tiles throw every note back at them half a second late. Visitors are asked "
     "to take off their shoes, to sit on the steps and not to whistle under any circumstances.",
     "In the end the village bought the shop itself, with eighty-four shares at fifty crowns "
     "each and one share paid in firewood. A retired engineer does the books, two sisters bake "
     "on alternate days, and whoever is fourteen years old may run the till in the summer. It "
     "has made a loss for three years, which everybody thinks is a remarkably small one."},
    {"Questions and answers", "Was it worth it?", "Here is what they told us:",
     "We thank all those who took part.", "Photo: the editors", "Read more", "More news",
     "What was discussed?", "Answer: ", "By our own reporter"}};

/* Each set has three passages of at least two hundred normalised characters. */
static const struct set languages[] = {
    {"Chinese",
     {"每年三月，镇上的老木匠都会把门前那只旧船翻过来，重新刷一遍桐油。他说这只船已经三十年没有下过"
      "水了，可是木头和人一样，只要有人惦记，就不会轻易腐烂。邻居家的孩子常来帮忙，刷完以后大家坐在"
      "船边吃烤红薯，听他讲当年怎样在雾里靠着钟声找到码头，又怎样把一头受惊的水牛从对岸接回家。",
      "图书馆搬进旧粮仓以后，借书的人反而比从前多了。管理员在每一层都放了藤椅和热水壶，还允许读者把"
      "自家的猫带进来，条件是它们不许睡在报纸上。去年冬天停电的那个晚上，三十几个人点着蜡烛听一位退"
      "休教师读完了整本游记，直到凌晨才有人想起家里的饭菜早就凉了。",
      "修钟的师傅只在下雨天营业，因为他相信潮湿的空气能让齿轮说出实话。他把每一只坏钟放在耳边听很久"
      "，然后在小本子上写下一个字，有时是“慢”，有时是“累”，有时只是“想家”。顾客们从来不问那是什么意"
      "思，只是过几天再来，付一点钱，把又走起来的时间抱回去。"},
     {"记者手记"}},
    {"Japanese",
     {"坂の上の豆腐屋は、朝の四時になると店の明かりをつけ、まだ暗い道に湯気を流しはじめる。主人は七"
      "十八歳で、水の音を聞けば豆の機嫌がわかると言い、若い人が機械の話をすると黙って笑うだけだった"
      "。雪の日には近所の人が交代で坂に砂をまき、そのお礼に熱い豆乳を一杯ずつ受け取って、また静かに"
      "帰っていく。",
      "廃線になった駅の待合室は、いまでは村でいちばん小さな映画館になっている。椅子は十二脚しかなく"
      "、上映の前には必ず昔の時刻表が読み上げられる。最終列車の時刻になると映写が止まり、みんなで耳"
      "をすますのが決まりで、遠くの踏切が鳴ったような気がしたと、誰かがかならずつぶやくのである。",
      "祖父の残した手帳には、五十年分の潮の高さが鉛筆で書きこまれていた。ところどころに魚の絵があり"
      "、嵐の日には数字のかわりに大きなため息のような線が一本だけ引かれている。研究所の人はそれを見"
      "て「これは論文より正確だ」と言い、祖母はお茶を出しながら「字は最後まで下手でした」と答えた。"},
     {"取材の記録"}},
    {"Arabic",
     {"في كل صباح يفتح صانع العود العجوز باب دكانه الصغير قبل أن تستيقظ السوق، ويضع إبريق الشاي "
      "على الجمر، ثم يمسح الغبار عن الآلات المعلقة كأنه يوقظها واحدة بعد أخرى. يقول إن الخشب يتذكر "
      "اليد التي صقلته، وإن العود الذي لا يعزف عليه أحد يحزن حتى تتشقق أضلاعه. ولهذا يسمح لتلاميذ "
      "المدرسة المجاورة بأن يعزفوا عنده مجانا ساعة الظهيرة، مهما كان العزف رديئا.",
      "قررت نساء القرية أن يزرعن السفح المهجور بأشجار اللوز بعد أن جف النبع ورحل الرعاة إلى "
      "المدينة. حملن الماء على ظهور الحمير ثلاثة أصياف متتالية، وكتبن على كل شجرة اسم من غرسها "
      "وتاريخ ميلاد أصغر أطفالها. واليوم يأتي الناس من بعيد ليروا الجبل الأبيض في آخر الشتاء، "
      "ويسألون عن المهندس الذي خطط لكل هذا، فتضحك العجائز ويشرن إلى حمار نائم تحت الجدار.",
      "كان أمين المكتبة يسجل في دفتر أزرق كل كتاب يعود متأخرا، ويكتب بجانبه العذر الذي سمعه من "
      "القارئ. ومع مرور السنين صار الدفتر أكثر الكتب طلبا في المدينة كلها، ففيه قصص عن فيضان حمل "
      "الروايات، وعن خطيب أخفى ديوان شعر في كيس الطحين، وعن طفل لم يستطع أن يعيد الكتاب لأن "
      "النهاية لم تعجبه فأراد أن ينتظر نهاية أخرى."},
     {"من دفتر المراسل"}},
    {"Russian",
     {"Каждую осень сторож ботанического сада собирает семена, которые упали на дорожки, и "
      "рассылает их по почте незнакомым людям, выбранным наугад из старой телефонной книги. К "
      "семенам он прикладывает записку — всего одну строчку, без подписи: «Попробуйте, хуже не "
      "станет». За двадцать лет ему ответили сорок три человека, и один из них прислал целый ящик "
      "яблок.",
      "В посёлке у последней станции почтальон читает письма вслух тем, кто потерял очки, а таких "
      "с годами становится всё больше. Он делает паузы там, где пишущий плакал, и пропускает "
      "ругательства, если рядом стоят дети. Говорят, что однажды он десять минут молчал над чистым "
      "листом, и адресат поблагодарил его за самое понятное письмо в своей жизни.",
      "Музей потерянных вещей открыли в бывшей прачечной, потому что там уже были пронумерованные "
      "полки. Под номером семь лежит перчатка, найденная на льду озера, под номером двенадцать — "
      "ключ от дома, которого больше нет. Посетителям разрешают забрать любой предмет, если они "
      "смогут рассказать о нём историю, и пока никто не ушёл с пустыми руками."},
     {"Заметки корреспондента"}},
    {"Korean",
     {"섬마을의 마지막 약사는 매주 화요일마다 작은 배를 타고 이웃 섬을 돌며 약과 신문을 함께 "
      "나누어 준다. 파도가 높은 날에는 등대지기가 깃발을 흔들어 배를 돌려보내지만, 그는 한 번도 "
      "약속을 미룬 적이 없다고 자랑한다. 노인들은 아프지 않은 날에도 선착장에 나와 그를 "
      "기다리는데, 사실은 약보다 바깥 소식이 더 그립기 때문이라고 웃으며 털어놓는다.",
      "폐교가 된 초등학교 운동장에는 이제 양봉가들이 놓은 벌통이 서른 개쯤 줄지어 서 있다. 종이 "
      "울리던 시각이 되면 벌들이 한꺼번에 날아오르는 것 같다고 마을 사람들은 말한다. 졸업생들은 "
      "해마다 가을에 모여 첫 꿀을 나누어 먹고, 칠판에 출석을 부르듯 자기 이름과 그해의 날씨를 적어 "
      "놓고 돌아간다.",
      "기차역 앞의 헌책방 주인은 책마다 전 주인이 남긴 밑줄을 연필로 옮겨 적어 따로 한 권의 공책을 "
      "만들었다. 그 공책을 펼치면 서로 만난 적이 없는 사람들이 같은 문장 앞에서 멈추었다는 사실을 "
      "알 수 있다. 어느 손님은 그 안에서 돌아가신 아버지의 글씨를 발견하고 책값 대신 긴 편지를 "
      "두고 갔다."},
     {"취재 수첩"}},
    {"German",
     {"Im früheren Zollhäuschen an der Brücke wohnt seit dem Frühjahr eine Übersetzerin, die ihre "
      "Wörterbücher nach der Höhe der Flut ordnet. Was man nur selten nachschlägt, steht unten und "
      "darf naß werden, die schönen Bände stehen oben beim Käse. Zweimal hat der Fluß schon die "
      "Buchstaben Q bis Y geholt, »und ehrlich gesagt«, meint sie, »habe ich sie kaum vermißt«.",
      "Der Türmer von Sankt Ägidien bläst jede Stunde in alle vier Richtungen, nur nach Süden "
      "etwas leiser, weil dort das Krankenhaus liegt. Früher löste er damit Feueralarm aus, heute "
      "zücken die Gäste ihre Geräte und fragen, wo die Übertragung zu hören sei. Er hat dafür "
      "einen kühlen Blick und ein Körbchen, das er an einer Schnur bis auf den Marktplatz "
      "hinunterläßt.",
      "Für das jährliche Kürbiswiegen räumt die Gemeinde das Feuerwehrhaus, denn nur dort steht "
      "eine Waage, die ungefähr stimmt. Gewonnen hat bisher fast immer die Familie Möller, über "
      "deren Dünger die wüstesten Gerüchte umgehen. In diesem Jahr trat sie nicht an; sie züchtet "
      "jetzt Rüben, und das Dorf überlegt seither fieberhaft, was man gegen die Rüben tun könnte."},
     {"Aus dem Notizbuch"}},
    {"Thai",
     {"ทุกเช้ามืดก่อนตลาดน้ำจะเริ่มคึกคัก ยายเจ้าของเรือก๋วยเตี๋ยวจะพายเรือไปที่ศาลาท่าน้ำเพื่อฟัง"
      "ข่าววิทยุกับพระภิกษุชราที่ตื่นก่อนใครในวัด แกเล่าว่าน้ำในคลองจำเสียงฝีพายของแต่ละคนได้ และถ้"
      "าวันไหนน้ำเงียบผิดปกติก็แปลว่าฝนจะตกหนัก ลูกค้าหลายคนหัวเราะเมื่อได้ยิน แต่ทุกคนก็แอบหยิบร่ม"
      "ติดมือมาด้วยเสมอในวันรุ่งขึ้น",
      "โรงเรียนเล็กบนภูเขามีนักเรียนเพียงสิบเอ็ดคนกับครูหนึ่งคนซึ่งสอนทุกวิชาตั้งแต่เลขคณิตจนถึงการ"
      "ทำแยมลูกหม่อน เมื่อหิมะไม่เคยตกที่นี่ เด็กๆ จึงขอให้ครูอธิบายว่าความเงียบของหิมะเป็นอย่างไร "
      "ครูพาพวกเขาเดินเข้าไปในป่าสนตอนตีห้า แล้วบอกให้ทุกคนกลั้นหายใจพร้อมกันจนกระทั่งได้ยินเสียงน้"
      "ำค้างหยดจากใบไม้",
      "ช่างซ่อมนาฬิกาคนสุดท้ายของเมืองปิดร้านไปเมื่อปลายปี แต่ยังคงตั้งเวลาหอนาฬิกากลางวงเวียนให้ตร"
      "งทุกวันศุกร์โดยไม่คิดเงิน เขาบอกว่าคนทั้งเมืองอาจมาสายได้ แต่หอนาฬิกาไม่มีสิทธิ์ลังเล นักท่อ"
      "งเที่ยวชอบถ่ายรูปเขาปีนบันไดเหล็กขึ้นไปพร้อมกับกระป๋องน้ำมันใบเก่า และนกพิราบทั้งฝูงก็บินตาม"
      "ขึ้นไปราวกับเป็นผู้ช่วยของเขา"},
     {"บันทึกของนักข่าว"}},
    {"Hindi",
     {"गाँव का बूढ़ा डाकिया हर शाम नदी के किनारे बैठकर उन चिट्ठियों को पढ़ता है जिनके पते बारिश "
      "में धुल गए थे। वह कहता है कि कोई भी चिट्ठी सचमुच खोती नहीं, वह बस अपने पढ़ने वाले का "
      "इंतज़ार करती रहती है। बच्चों ने उसके लिए एक लकड़ी का बक्सा बनाया है, और जो चाहे उसमें से एक "
      "चिट्ठी निकालकर उसका जवाब लिख सकता है। अब तक दो सौ से ज़्यादा जवाब लिखे जा चुके हैं।",
      "पहाड़ी स्कूल की छत पर लगा घंटा पिछले साल की आँधी में गिर गया था, इसलिए अब समय बताने का काम "
      "एक मुर्गे को सौंपा गया है। वह कभी दस मिनट पहले बाँग देता है और कभी आधा घंटा देर से, पर "
      "अध्यापिका का मानना है कि थोड़ी अनिश्चितता बच्चों के लिए अच्छी होती है। परीक्षा के दिन उसे "
      "मिठाई खिलाई जाती है ताकि वह जल्दबाज़ी न करे।",
      "मेले में कठपुतली दिखाने वाला परिवार सात पीढ़ियों से एक ही कहानी सुनाता आया है, लेकिन हर बार "
      "उसका अंत बदल जाता है। दर्शक पहले से शर्त लगाते हैं कि रानी लौटेगी या नहीं, और दादी माँ परदे "
      "के पीछे से उनकी बातें सुनकर ही फ़ैसला करती हैं। पिछली पूर्णिमा को उन्होंने बीच में ही खेल "
      "रोककर पूछ लिया कि आप लोग खुद क्या चाहते हैं।"},
     {"संवाददाता की डायरी"}},
};

enum { LANGUAGES = sizeof languages / sizeof *languages };

/* --- variants of a passage ------------------------------------------------------------- */

static void add(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

static size_t char_len(const char *s, size_t i)
{
    size_t len;
    (void)text_char(slice_of(s), i, &len);
    return len;
}

static bool is_word_at(const char *s, size_t i)
{
    size_t len;
    return text_is_word(text_char(slice_of(s), i, &len));
}

/* The first place behind that share of s (in percent) where a word is broken off, letters
 * on both sides of it, or else has ended. */
static size_t place_to_cut(const char *s, size_t percent, bool in_word)
{
    size_t at = strlen(s) * percent / 100, i = 0;
    bool letter = false;
    while (i < at || !letter || is_word_at(s, i) != in_word) {
        letter = is_word_at(s, i);
        i += char_len(s, i);
    }
    return i;
}

static void add_cut(struct text *t, const char *passage, bool in_word, const char *mark)
{
    text_add(t, passage, place_to_cut(passage, 60, in_word));
    add(t, mark);
}

static void add_two_items(struct text *t, const char *passage)
{
    size_t at = place_to_cut(passage, 45, false);
    add(t, "- ");
    text_add(t, passage, at);
    add(t, "\n-");
    add(t, passage + at + (passage[at] != ' ' && (unsigned char)passage[at] < 0x80));
}

/* What editors and conversions change without changing a word. */
static const char *const others[][2] = {
    {"'", "’"}, {"“", "\""}, {"”", "\""}, {"«", "„"}, {"»", "“"}, {"「", "『"}, {"」", "』"},
    {"—", "-"}, {", ", ",  "}, {"，", "，　"}, {"، ", "،  "}, {"the ", "THE "}, {"она", "Она"},
    {"der ", "DER "}, {"die ", "Die "}, {"它", "它\u200b"}, {" และ", " \u200bและ"},
    {"не ", "НЕ\u00a0"}, {" है", "\u00a0है"}, {"다. ", "다.\u00a0\u00a0"},
};

static void add_varied(struct text *t, const char *passage)
{
    size_t n = sizeof others / sizeof *others;
    for (size_t i = 0, k; passage[i];) {
        for (k = 0; k < n && strncmp(passage + i, others[k][0], strlen(others[k][0])) != 0; k++)
            ;
        size_t len = k < n ? strlen(others[k][0]) : 1;
        text_add(t, k < n ? others[k][1] : passage + i, k < n ? strlen(others[k][1]) : 1);
        i += len;
    }
}

/* Every ninth letter has a space before it where a word goes on. */
static void add_split(struct text *t, const char *passage)
{
    unsigned letters = 0;
    for (size_t i = 0; passage[i]; i++) {
        if (i > 0 && is_word_at(passage, i) && is_word_at(passage, i - 1) && ++letters % 9 == 0)
            add(t, " ");
        text_add(t, passage + i, 1);
    }
}

static void add_decomposed(struct text *t, const char *passage)
{
    utf8proc_uint8_t *nfd = utf8proc_NFD((const utf8proc_uint8_t *)passage);
    assert_non_null(nfd);
    add(t, (const char *)nfd);
    free(nfd);
}

/* --- pages ------------------------------------------------------------------------------- */

/* Appends a passage as the sign behind it says. */
static void add_passage(struct text *t, const char *passage, char sign)
{
    switch (sign) {
    case '<': add(t, passage + place_to_cut(passage, 35, true)); break;
    case '>': add_cut(t, passage, true, ""); break;
    case '.': add_cut(t, passage, false, "..."); break;
    case ',': add_cut(t, passage, false, "… Read more"); break;
    case ':': add_cut(t, passage, false, ""); break;
    case '/': add_two_items(t, passage); break;
    case '\'': add_varied(t, passage); break;
    case '%': add_split(t, passage); break;
    case '^': add_decomposed(t, passage); break;
    default: add(t, passage);
    }
}

static char *page_of(const struct set *set, const char *scheme)
{
    struct text t = {calloc(1, 1), 0};
    for (const char *s = scheme; *s;) {
        if (*s == '-')
            add(&t, "- ");
        s += *s == '-';
        bool headless = *s == '<';
        s += headless;
        bool is_line = *s >= '0' && *s <= '9';
        const char *what = is_line ? set->lines[*s - '0'] : set->passages[*s - 'a'];
        assert_non_null(what);
        s++;
        char behind = *s && strchr("/>.,:'%^", *s) ? *s++ : '\0';
        add_passage(&t, what, headless ? '<' : behind);
        if (*s != '&')
            add(&t, "\n");
        s += *s != '\0';
    }
    return t.data;
}

static char *clean(const char *text, enum winnow_kind kind)
{
    struct winnow *w = winnow_with(NULL, NULL);
    struct winnow_input in = {.data = text, .len = strlen(text), .charset = "UTF-8",
                              .kind = kind};
    struct winnow_page *page = clean_page(w, in);
    expect_whole(page);
    expect_stable(w, page, in);
    char *ret = page_render(page, WINNOW_TEXT);
    winnow_page_free(page);
    winnow_free(w);
    return ret;
}

static void expect_text(const char *name, const char *text, const char *want)
{
    char *got = clean(text, WINNOW_KIND_DUMP);
    expect_same_text(name, got, want);
    free(got);
}

static void expect_untouched(const char *text)
{
    expect_text("a page without copies", text, text);
}

static void expect_scheme(const struct set *set, const char *scheme, const char *want)
{
    char name[100], *text = page_of(set, scheme), *left = page_of(set, want);
    snprintf(name, sizeof name, "%s, \"%s\"", set->name, scheme);
    expect_text(name, text, left);
    free(text);
    free(left);
}

struct scheme {
    const char *page, *want;
};

static void expect_schemes(const struct set *set, const struct scheme *schemes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect_scheme(set, schemes[i].page, schemes[i].want);
}

#define EXPECT_SCHEMES(set, ...)                                                         \
    do {                                                                                 \
        static const struct scheme schemes[] = {__VA_ARGS__};                            \
        expect_schemes((set), schemes, sizeof schemes / sizeof *schemes);                \
    } while (0)

/* --- English: where the copies stand ------------------------------------------------------- */

static void keeps_what_stands_once(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b c d e f", "a b c d e f"}, {"0 a 1 b 2 c", "0 a 1 b 2 c"},
                   {"a.", "a."}, {"a> b", "a> b"});
}

static void keeps_the_first_of_two_copies_near_and_far(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a a", "a"}, {"a a b", "a b"}, {"a b a c", "a b c"},
                   {"a b c d e f a", "a b c d e f"}, {"0 a b c d e 1 a f", "0 a b c d e 1 f"},
                   {"a b b c c d", "a b c d"});
}

static void keeps_one_of_each_of_interleaved_passages(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b a b", "a b"}, {"a b c a d b", "a b c d"},
                   {"a b c a d b e", "a b c d e"}, {"a b c b a d", "a b c d"},
                   {"0 a b 1 a b 2 c", "0 a b 1 2 c"});
}

static void keeps_the_first_of_three_copies(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b a c a", "a b c"}, {"a b c a d e a f", "a b c d e f"},
                   {"a a a", "a"}, {"a b a a c", "a b c"}, {"a b c a b c a b c", "a b c"},
                   {"0 a b c d 0 a b c d 0 a b c d", "0 a b c d"});
}

static void keeps_one_of_a_page_and_its_print_view(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"0 a b c d e 0 a b c d e", "0 a b c d e"},
                   {"0 a 1 b 2 c 0 a 1 b 2 c", "0 a 1 b 2 c"},
                   {"a b c d e f 3 a b c d e f", "a b c d e f 3"},
                   {"a b c d f a b c d e", "a b c d f e"});
}

/* --- English: lists -------------------------------------------------------------------------- */

static void removes_a_copy_inside_a_list(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b c 2 -a -d", "a b c 2 -d"}, {"a b c 2 -d -a -e", "a b c 2 -d -e"},
                   {"-a -b c a", "-a -b c"}, {"2 -a -b 0 c -a d", "2 -a -b 0 c d"},
                   {"a b 2 -d -a> -e", "a b 2 -d -e"}, {"2 -a> -d b a", "2 -d b a"});
}

static void removes_a_copy_that_stands_as_two_items(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b c 2 a/ d", "a b c 2 d"}, {"a b 2 -c a/ -d", "a b 2 -c -d"});
}

/* --- English: cut copies ------------------------------------------------------------------ */

static void removes_a_copy_that_ends_in_mid_word(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a> a b", "a b"}, {"a> b a c", "b a c"}, {"a a> b", "a b"},
                   {"a b c a> d", "a b c d"}, {"a> b c d e f a", "b c d e f a"},
                   {"a b> c d b e", "a c d b e"}, {"a b c a b>", "a b c"},
                   {"a> b> c> a b c", "a b c"}, {"a b c a> b> c>", "a b c"},
                   {"a> b a> c a d", "b c a d"});
}

/* The line behind a copy that was cut goes on as the copy would have done. */
static void keeps_the_line_that_follows_a_cut_copy_with_the_letters_it_lacks(void **state)
{
    (void)state;
    const char *a = english.passages[0], *b = english.passages[1];
    int at = (int)place_to_cut(a, 60, true);
    char text[4000], want[4000];
    snprintf(text, sizeof text, "%.*s\n%.2s is short for something else.\n%s\n%s\n", at, a, a + at,
             b, a);
    snprintf(want, sizeof want, "%.2s is short for something else.\n%s\n%s\n", a + at, b, a);
    expect_text("a cut copy first", text, want);
    snprintf(text, sizeof text, "%s\n%s\n%.*s\n%.2s is short for something else.\n", a, b, at, a,
             a + at);
    snprintf(want, sizeof want, "%s\n%s\n%.2s is short for something else.\n", a, b, a + at);
    expect_text("a cut copy last", text, want);
}

static void keeps_lines_that_only_begin_or_end_alike_beside_copies(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a 1 b a 3 c", "a 1 b 3 c"}, {"1 a b 3 a c", "1 a b 3 c"},
                   {"5 a b 6 a c", "5 a b 6 c"}, {"a 5 b c a 9", "a 5 b c 9"});
}

static void removes_a_copy_that_starts_in_mid_word(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"<a a b", "a b"}, {"<a b a c", "b a c"}, {"a <a b", "a b"},
                   {"a b c <a d", "a b c d"}, {"a b <c d c", "a b d c"});
}

static void removes_a_copy_that_ends_in_an_ellipsis(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a. a b", "a b"}, {"a. b a c", "b a c"}, {"a b c a. d", "a b c d"},
                   {"a, a b", "a b"}, {"a, b a c", "b a c"}, {"a b c a, d", "a b c d"},
                   {"a, b, c, 6 a", "b, c, 6 a"}, {"a. b. c. a b c", "a b c"});
}

static void removes_a_copy_that_ends_in_mid_sentence(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a: a b", "a b"}, {"a: b a c", "b a c"}, {"a b c a: d", "a b c d"});
}

static void removes_all_teasers_of_a_page_that_has_many(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a> b> c> d> a b c d", "a b c d"},
                   {"a 6 c> b 6 d> c 6 a> d 6 b>", "a 6 b 6 c 6 d 6"},
                   {"a> e b> f c> a b c", "e f a b c"});
}

/* --- English: careless copies ------------------------------------------------------------- */

static void finds_copies_that_run_into_one_another(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a b c a&b d", "a b c d"}, {"a&b c a d", "a&b c d"},
                   {"a&b c b d", "a&b c d"}, {"a c a&b d", "c a&b d"}, {"b c a&b d", "c a&b d"},
                   {"7&8&a b c 8&a d", "7&8&a b c d"}, {"8&a b c 7&8&a d", "b c 7&8&a d"},
                   {"8&a> b 7&8&a c", "b 7&8&a c"}, {"7&8&a&b c a> d", "7&8&a&b c d"});
}

static void sees_through_quotes_dashes_spaces_and_case(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a a' b", "a b"}, {"a b c a'", "a b c"}, {"c' b c", "c' b"},
                   {"c b d c' e", "c b d e"}, {"a' b a>", "a' b"});
}

static void sees_through_words_split_in_two(void **state)
{
    (void)state;
    EXPECT_SCHEMES(&english, {"a a% b", "a b"}, {"a b c a%", "a b c"}, {"a b c b% d", "a b c d"});
}

/* --- what recurs because it belongs there ------------------------------------------------- */

#define CLAUSE                                                                            \
    "The deposit of one fifth is due on the day of booking, and the balance four weeks "  \
    "before the journey begins. Should the ferry be unable to land because of ice, wind " \
    "or a strike of the pilots, we carry all guests to the nearest open harbour and from " \
    "there by coach, at no further charge. Dogs travel free of charge but must be named " \
    "when booking, and bicycles are taken as far as there is room on the after deck.\n"
#define OFFER_1 "Three days on Ulla\nWe walk from the landing stage to the old whaling station " \
                "and sleep in the keepers' houses, where supper is cooked on peat.\n"
#define OFFER_2 "Five days on Ulla and Sarr\nOn the fourth morning a fishing boat takes us " \
                "across the sound, to the meadows that are under water from October on.\n"
#define OFFER_3 "The long northern week\nSeven islands, seven lighthouses and a great deal of " \
                "soup; the last night is spent in a school that has no pupils left.\n"
#define OFFER_4 "A weekend for bird watchers\nThe guide is up at four, and so will you be; the " \
                "hide holds six people who do not mind sitting close together.\n"
#define OFFER_5 "Winter crossing\nOnly for those who sleep well on ships: two nights on board, " \
                "one ashore, and on most days no more than five hours of light.\n"

static void leaves_a_clause_that_belongs_to_every_offer(void **state)
{
    (void)state;
    expect_untouched(OFFER_1 CLAUSE OFFER_2 CLAUSE OFFER_3 CLAUSE OFFER_4 CLAUSE);
    expect_untouched(OFFER_1 CLAUSE OFFER_2 CLAUSE OFFER_3 CLAUSE OFFER_4 CLAUSE OFFER_5 CLAUSE);
    expect_untouched(OFFER_1 CLAUSE OFFER_2 CLAUSE OFFER_3 CLAUSE OFFER_4 CLAUSE OFFER_5 CLAUSE
                     "Price on request\nThe boat can also be had as a whole, with its crew.\n"
                     CLAUSE);
}

static void leaves_a_clause_at_the_end_of_every_offers_line(void **state)
{
    (void)state;
    expect_untouched("One. The island of Ulla is small and flat, and has a pub. " CLAUSE
                     "Two. Sarr is high and has no pub, but a view of the one on Ulla. " CLAUSE
                     "Three. On Brim there are more seals than people, and more chairs. " CLAUSE
                     "Four. Nobody knows what is on Little Brim, so let us go there. " CLAUSE);
}

static void removes_a_cut_copy_among_clauses_that_recur(void **state)
{
    (void)state;
    expect_text("offers and a cut clause",
                OFFER_1 CLAUSE OFFER_2 CLAUSE OFFER_3 CLAUSE OFFER_4 CLAUSE
                "The deposit of one fifth is due on the day of booking, and the balance four weeks "
                "before the journey begins. Should the ferry be unable to land because of ic\n",
                OFFER_1 CLAUSE OFFER_2 CLAUSE OFFER_3 CLAUSE OFFER_4 CLAUSE);
}

#define HOW_TO                                                                             \
    "Loosen both screws by half a turn, no further, and hold the tray with your free hand " \
    "while the water runs off. Wait until the lamp at the front stops blinking. Wipe the "  \
    "filter with a dry cloth, put it back with the arrow pointing upwards, and fasten the " \
    "screws again until you feel them resist.\n"

static void leaves_instructions_that_a_manual_gives_for_each_device(void **state)
{
    (void)state;
    expect_untouched(
        "Model 10, for kitchens. The screws sit behind the flap, which opens to the left. Should "
        "the flap be painted over, as it is in most rented flats, cut along its edge with a sharp "
        "knife and do not use a chisel.\n" HOW_TO
        "Model 20, for workshops. The screws sit under the handle, one on each side. The handle "
        "itself stays where it is, even though it looks as if it could be turned, and whoever "
        "turns it will need a new one.\n" HOW_TO
        "Model 30, for ships. There are three screws, of which you leave the red one alone. Do "
        "this in harbour and never at sea, because the tray is wide, shallow, and always fuller "
        "than it seems from above.\n" HOW_TO
        "Model 40, for schools. You need the key of the caretaker, who has two and will say that "
        "he has none. Work in the holidays, and count the screws twice before you let anybody "
        "under twelve into the room.\n" HOW_TO);
}

/* --- tables ------------------------------------------------------------------------------- */

static void leaves_equal_rows_of_a_table(void **state)
{
    (void)state;
    expect_untouched("Day\tMorning\tAfternoon\tRemarks\n"
                     "Monday\t9 to 12\t2 to 6\tlast entry half an hour before closing time\n"
                     "Tuesday\t9 to 12\t2 to 6\tlast entry half an hour before closing time\n"
                     "Wednesday\tclosed\tclosed\tring the bell beside the gate\n"
                     "Thursday\t9 to 12\t2 to 6\tlast entry half an hour before closing time\n");
    expect_untouched("0\t0\t0\n0\t0\t0\n0\t0\t0\n0\t0\t0\n1\t0\t0\n0\t0\t0\n");
    expect_untouched("north pier\tferry to Ulla\tcancelled\tno replacement\n"
                     "north pier\tferry to Ulla\tcancelled\tno replacement\n"
                     "south pier\tferry to Sarr\ton time\tseats left\n"
                     "north pier\tferry to Ulla\tcancelled\tno replacement\n"
                     "south pier\tferry to Sarr\ton time\tseats left\n");
}

/* Two rows that are long and equal, with another between them. */
#define LONG_ROW "Harbour road 14\tground floor, two rooms and a kitchen\tstove in the hall\t" \
                 "water from the yard\tlet since spring\trent paid in advance until the autumn\n"

static void leaves_equal_rows_that_are_long(void **state)
{
    (void)state;
    expect_untouched("House\tRooms\tHeating\tWater\tState\tRent\n" LONG_ROW LONG_ROW
                     "Harbour road 16\tattic\tnone\tnone\tempty\tnone\n" LONG_ROW
                     "Mill lane 2\tcellar\tstove\ttap\tlet\tpaid\n" LONG_ROW);
}

static void leaves_rows_that_differ_in_one_cell(void **state)
{
    (void)state;
#define ROWS(first, second)                                                                     \
    "Harbour road 14\tground floor, two rooms and a kitchen\twater from the yard\t" first "\n"  \
    "Harbour road 16\tattic with a window to the sea\tstove in the hall, wood extra\t" second  \
    "\nMill lane 2\tcellar below the bakery, warm but loud\tshared tap on the stairs\t" first "\n"
    expect_untouched("Houses in spring\n" ROWS("let", "empty") "\nHouses in autumn\n"
                     ROWS("sold", "lost") "\nWhat became of them is told on the next page.\n");
}

static void leaves_equal_rows_of_a_table_in_html(void **state)
{
    (void)state;
#define ROW "<tr><td>north pier</td><td>ferry to Ulla</td><td>cancelled because of the ice in " \
            "the sound</td><td>coach from the market square at half past nine</td></tr>"
#define OTHER "<tr><td>south pier</td><td>ferry to Sarr</td><td>on time</td><td>seats</td></tr>"
#define ROW_TEXT "north pier\tferry to Ulla\tcancelled because of the ice in the sound\t" \
                 "coach from the market square at half past nine\n"
#define OTHER_TEXT "south pier\tferry to Sarr\ton time\tseats\n"
    char *got = clean("<html><body><table>" ROW ROW OTHER ROW OTHER ROW OTHER ROW "</table></body>"
                      "</html>", WINNOW_KIND_HTML);
    expect_same_text("a table", got, ROW_TEXT ROW_TEXT OTHER_TEXT ROW_TEXT OTHER_TEXT ROW_TEXT
                                     OTHER_TEXT ROW_TEXT);
    free(got);
}

static void removes_a_passage_below_a_table_with_equal_rows(void **state)
{
    (void)state;
    const char *table = "Monday\t9 to 12\t2 to 6\nTuesday\t9 to 12\t2 to 6\n"
                        "Wednesday\t9 to 12\t2 to 6\n";
    char text[4000], want[4000];
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", english.passages[0], table,
             english.passages[1], english.passages[0]);
    snprintf(want, sizeof want, "%s\n%s\n%s\n", english.passages[0], table, english.passages[1]);
    expect_text("a table between", text, want);
}

/* --- verses ------------------------------------------------------------------------------- */

#define CHORUS_4 "Heave the kettle, haul the line,\nHalf the herring shall be mine,\n" \
                 "Half of it goes to the pier,\nTill the boats come home, my dear.\n"
#define CHORUS_8 CHORUS_4                                                              \
    "Turn the lamp and trim the wick,\nFog is coming, white and thick,\n"               \
    "Ring the bell and ring it slow,\nThat they hear us down below.\n"
#define VERSE_1 "My father had a wooden leg,\nHe carved it from an ale-house keg,\n" \
                "And when he danced upon the floor\nThe landlord came and cried for more.\n"
#define VERSE_2 "My mother kept a speckled hen\nThat counted slowly up to ten,\n" \
                "It never laid a single egg\nBut slept beside my father's leg.\n"
#define VERSE_3 "My brother went away to sea\nAnd sent a barrel home to me,\n" \
                "And in the barrel, packed in straw,\nThe finest wooden leg I saw.\n"

static void leaves_the_chorus_of_a_song(void **state)
{
    (void)state;
    expect_untouched(VERSE_1 CHORUS_4 VERSE_2 CHORUS_4 VERSE_3 CHORUS_4);
    expect_untouched(VERSE_1 "\n" CHORUS_4 "\n" VERSE_2 "\n" CHORUS_4 "\n" VERSE_3 "\n" CHORUS_4);
}

static void leaves_a_chorus_of_eight_lines(void **state)
{
    (void)state;
    expect_untouched(VERSE_1 CHORUS_8 VERSE_2 CHORUS_8 VERSE_3 CHORUS_8);
    expect_untouched(CHORUS_8 "\n" VERSE_1 "\n" CHORUS_8 "\n" VERSE_2 "\n" CHORUS_8 "\n" VERSE_3);
}

static void leaves_a_poem_whose_lines_return(void **state)
{
    (void)state;
    expect_untouched("The tide has taken what it gave,\nI set a light for no one's grave,\n"
                     "The harbour sleeps, the gulls are still,\n"
                     "The wind goes round the empty mill.\n\n"
                     "I set a light for no one's grave,\nA coat, a pipe, was all they'd save,\n"
                     "The wind goes round the empty mill,\nAs if it had a place to fill.\n"
                     "\n"
                     "A coat, a pipe, was all they'd save,\nThe tide has taken what it gave,\n"
                     "As if it had a place to fill,\nThe harbour sleeps, the gulls are still.\n");
}

static void leaves_a_refrain_in_other_scripts(void **state)
{
    (void)state;
#define RU "Ой ты, лодка, лодочка,\nТри доски да ниточка,\nНе качай меня, река,\n" \
           "Я домой издалека.\n"
    expect_untouched("Первый парус белый был,\nЯ его у моря сшил.\n" RU
                     "А второй был голубой,\nУплывал он сам собой.\n" RU
                     "Третий парус — рваный край,\nТы назад меня пускай.\n" RU);
#define ZH "摇啊摇，摇到桥头看月亮，\n月亮圆，月亮弯，\n照着外婆补渔网，\n一针短来一针长。\n"
    expect_untouched("大哥撑船去东乡，\n带回一篓小菱角。\n" ZH
                     "二哥撑船去西乡，\n带回半袋炒米糖。\n" ZH
                     "三哥撑船不回乡，\n托人捎信压箱底。\n" ZH);
}

/* --- pages of one line -------------------------------------------------------------------- */

static void expect_a_thousand(const char *line, const char *want)
{
    struct text t = {calloc(1, 1), 0};
    for (int i = 0; i < 1000; i++)
        add(&t, line);
    expect_text(line, t.data, want ? want : t.data);
    free(t.data);
}

static void keeps_one_of_a_sentence_that_fills_the_page(void **state)
{
    (void)state;
#define LONG "The ferry to Ulla does not run today, because the pilot has found the harbour " \
             "frozen over and refuses to leave his bed, and nobody on the island, least of " \
             "all the harbour master, who is his brother in law, has the heart or the means " \
             "to pull him out of it before the thaw.\n"
    expect_a_thousand(LONG, LONG);
#define LONG_ZH "今天开往对岸的渡船停航，因为老船长一早发现港口结了冰，便重新钻回被窝里，岛上没有人" \
                "忍心叫他起来，连身为他妹夫的港务主任也只是在门外站了一会儿，叹口气又回家去了，" \
                "说等到冰雪融化再作打算。\n"
    expect_a_thousand(LONG_ZH, LONG_ZH);
}

static void leaves_a_short_line_that_fills_the_page(void **state)
{
    (void)state;
    expect_a_thousand("la la la\n", NULL);
    expect_a_thousand("0\t0\t0\n", NULL);
    expect_a_thousand("0\n", NULL);
    expect_a_thousand("啦啦啦\n", NULL);
}

/* --- languages ---------------------------------------------------------------------------- */

static void expect_in_all_languages(const char *page, const char *want)
{
    for (size_t i = 0; i < LANGUAGES; i++)
        expect_scheme(&languages[i], page, want);
}

static void removes_an_exact_copy_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b c", "a b c");
    expect_in_all_languages("a a b c", "a b c");
    expect_in_all_languages("a b c a", "a b c");
    expect_in_all_languages("0 a b 0 c b", "0 a b 0 c");
    expect_in_all_languages("a b a b c", "a b c");
}

static void removes_a_copy_cut_in_mid_word_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a> a b c", "a b c");
    expect_in_all_languages("a> b a c", "b a c");
    expect_in_all_languages("a b c a>", "a b c");
    expect_in_all_languages("a a> b c", "a b c");
    expect_in_all_languages("a> b> c> a b c", "a b c");
}

static void removes_a_copy_without_its_head_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b <a c", "a b c");
    expect_in_all_languages("<a b a c", "b a c");
}

static void removes_a_copy_with_an_ellipsis_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a. b a c", "b a c");
    expect_in_all_languages("a b c a.", "a b c");
}

static void keeps_one_of_an_article_that_stands_twice_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b c a b c", "a b c");
    expect_in_all_languages("0 a b c 0 a b c", "0 a b c");
}

static void sees_through_quotes_dashes_and_spaces_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b c a'", "a b c");
    expect_in_all_languages("a b c c'", "a b c");
    expect_in_all_languages("b' a c b", "b' a c");
}

static void sees_through_decomposed_letters_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b c a^", "a b c");
    expect_in_all_languages("b a b^ c", "b a c");
    expect_in_all_languages("a^ b a c", "a^ b c");
}

static void finds_a_passage_run_into_another_in_any_language(void **state)
{
    (void)state;
    expect_in_all_languages("a b c a&b", "a b c");
    expect_in_all_languages("a c a&b", "c a&b");
}

/* ------------------------------------------------------------------------------------------ */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_stands_once),
        cmocka_unit_test(keeps_the_first_of_two_copies_near_and_far),
        cmocka_unit_test(keeps_one_of_each_of_interleaved_passages),
        cmocka_unit_test(keeps_the_first_of_three_copies),
        cmocka_unit_test(keeps_one_of_a_page_and_its_print_view),
        cmocka_unit_test(removes_a_copy_inside_a_list),
        cmocka_unit_test(removes_a_copy_that_stands_as_two_items),
        cmocka_unit_test(removes_a_copy_that_ends_in_mid_word),
        cmocka_unit_test(keeps_the_line_that_follows_a_cut_copy_with_the_letters_it_lacks),
        cmocka_unit_test(keeps_lines_that_only_begin_or_end_alike_beside_copies),
        cmocka_unit_test(removes_a_copy_that_starts_in_mid_word),
        cmocka_unit_test(removes_a_copy_that_ends_in_an_ellipsis),
        cmocka_unit_test(removes_a_copy_that_ends_in_mid_sentence),
        cmocka_unit_test(removes_all_teasers_of_a_page_that_has_many),
        cmocka_unit_test(finds_copies_that_run_into_one_another),
        cmocka_unit_test(sees_through_quotes_dashes_spaces_and_case),
        cmocka_unit_test(sees_through_words_split_in_two),
        cmocka_unit_test(leaves_a_clause_that_belongs_to_every_offer),
        cmocka_unit_test(leaves_a_clause_at_the_end_of_every_offers_line),
        cmocka_unit_test(removes_a_cut_copy_among_clauses_that_recur),
        cmocka_unit_test(leaves_instructions_that_a_manual_gives_for_each_device),
        cmocka_unit_test(leaves_equal_rows_of_a_table),
        cmocka_unit_test(leaves_equal_rows_that_are_long),
        cmocka_unit_test(leaves_rows_that_differ_in_one_cell),
        cmocka_unit_test(leaves_equal_rows_of_a_table_in_html),
        cmocka_unit_test(removes_a_passage_below_a_table_with_equal_rows),
        cmocka_unit_test(leaves_the_chorus_of_a_song),
        cmocka_unit_test(leaves_a_chorus_of_eight_lines),
        cmocka_unit_test(leaves_a_poem_whose_lines_return),
        cmocka_unit_test(leaves_a_refrain_in_other_scripts),
        cmocka_unit_test(keeps_one_of_a_sentence_that_fills_the_page),
        cmocka_unit_test(leaves_a_short_line_that_fills_the_page),
        cmocka_unit_test(removes_an_exact_copy_in_any_language),
        cmocka_unit_test(removes_a_copy_cut_in_mid_word_in_any_language),
        cmocka_unit_test(removes_a_copy_without_its_head_in_any_language),
        cmocka_unit_test(removes_a_copy_with_an_ellipsis_in_any_language),
        cmocka_unit_test(keeps_one_of_an_article_that_stands_twice_in_any_language),
        cmocka_unit_test(sees_through_quotes_dashes_and_spaces_in_any_language),
        cmocka_unit_test(sees_through_decomposed_letters_in_any_language),
        cmocka_unit_test(finds_a_passage_run_into_another_in_any_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
