/* test_decode.c - charsets found, believed, given up; bytes that are no text refused.
 *
 * The texts are one story in many languages, each the length of a paragraph. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <iconv.h>

#include "buf.h"
#include "decode.h"
#include "utf8.h"

#define MIB ((size_t)1 << 20)

static const char russian[] =
    "Вчера вечером на берегу реки открылась новая библиотека. Жители города ждали "
    "этого дня почти три года: старое здание закрыли после пожара, и книги всё это "
    "время лежали в сыром подвале школы. Директор рассказала, что спасти удалось не "
    "всё, но большую часть собрания уже вернули на полки. Дети первыми побежали в "
    "читальный зал, где им разрешили сидеть прямо на полу.";

static const char ukrainian[] =
    "Учора ввечері на березі річки відкрили нову бібліотеку. Мешканці міста чекали "
    "цього дня майже три роки: стару будівлю зачинили після пожежі, і книжки весь "
    "цей час лежали у вогкому підвалі школи. Директорка розповіла, що врятувати вдалося "
    "не все, але більшу частину зібрання вже повернули на полиці.";

static const char bulgarian[] =
    "Снощи на брега на реката беше открита нова библиотека. Жителите на града чакаха "
    "този ден почти три години: старата сграда беше затворена след пожара и книгите "
    "през цялото време лежаха във влажното мазе на училището. Директорката разказа, "
    "че не всичко е могло да бъде спасено, но по-голямата част вече е върната по рафтовете.";

static const char japanese[] =
    "昨日の夕方、川のそばに新しい図書館が開館しました。町の人々はこの日を三年近く待っていま"
    "した。古い建物は火事のあと閉鎖され、本はずっと学校の湿った地下室に置かれていたのです。"
    "館長は、すべてを救うことはできなかったが、大部分はもう棚に戻ったと話しています。"
    "子どもたちは真っ先に閲覧室へ走りました。";

static const char chinese[] =
    "昨天傍晚，河边的新图书馆正式开放。市民们为这一天等了将近三年：旧楼在火灾之后关闭，"
    "书籍一直堆放在学校潮湿的地下室里。馆长说，并不是所有的书都救了回来，但是大部分已经重新"
    "上架。孩子们最先跑进阅览室，工作人员允许他们直接坐在地板上看书。";

static const char taiwanese[] =
    "昨天傍晚，河邊的新圖書館正式開放。市民們為這一天等了將近三年：舊樓在火災之後關閉，"
    "書籍一直堆放在學校潮濕的地下室裡。館長說，並不是所有的書都救了回來，但是大部分已經重新"
    "上架。孩子們最先跑進閱覽室，工作人員允許他們直接坐在地板上看書。";

static const char korean[] =
    "어제 저녁 강가에 새 도서관이 문을 열었습니다. 시민들은 거의 삼 년 동안 이 날을 "
    "기다려 왔습니다. 옛 건물은 화재 뒤에 문을 닫았고, 책들은 그동안 학교의 눅눅한 "
    "지하실에 쌓여 있었습니다. 관장은 모든 책을 구하지는 못했지만 대부분은 이미 서가로 "
    "돌아왔다고 말했습니다.";

static const char greek[] =
    "Χθες το βράδυ άνοιξε στην όχθη του ποταμού μια νέα βιβλιοθήκη. Οι κάτοικοι της "
    "πόλης περίμεναν αυτή τη μέρα σχεδόν τρία χρόνια: το παλιό κτίριο έκλεισε μετά "
    "την πυρκαγιά και τα βιβλία έμεναν όλο αυτό τον καιρό στο υγρό υπόγειο του σχολείου. "
    "Η διευθύντρια είπε ότι δεν σώθηκαν όλα, αλλά τα περισσότερα γύρισαν ήδη στα ράφια.";

static const char arabic[] =
    "افتتحت مساء أمس مكتبة جديدة على ضفة النهر. وقد انتظر سكان المدينة هذا اليوم قرابة "
    "ثلاث سنوات، فقد أغلق المبنى القديم بعد الحريق وبقيت الكتب طوال هذا الوقت في قبو "
    "المدرسة الرطب. وقالت المديرة إن بعض الكتب لم ينج، لكن معظمها عاد إلى الرفوف. "
    "وكان الأطفال أول من دخل قاعة المطالعة.";

static const char hebrew[] =
    "אתמול בערב נפתחה על גדת הנהר ספרייה חדשה. תושבי העיר חיכו ליום הזה כמעט שלוש "
    "שנים: הבניין הישן נסגר אחרי השריפה, והספרים שכבו כל הזמן הזה במרתף הלח של בית "
    "הספר. המנהלת סיפרה שלא הכול ניצל, אבל רוב האוסף כבר חזר אל המדפים.";

static const char thai[] = "เมื่อเย็นวานนี้มีการเปิดห้องสมุดแห่งใหม่ที่ริมแม่น้ำ ชาวเมืองรอคอยวันนี้มาเกือบสามปี "
                           "อาคารหลังเก่าปิดไปหลังจากไฟไหม้ และหนังสือทั้งหมดถูกเก็บไว้ในห้องใต้ดินที่ชื้นของโรงเร"
                           "ียน ผู้อำนวยการเล่าว่าไม่สามารถช่วยหนังสือไว้ได้ทั้งหมด แต่ส่วนใหญ่กลับขึ้นชั้นแล้ว";

static const char german[] =
    "Gestern Abend wurde am Ufer des Flusses eine neue Bücherei eröffnet. Die Bürger "
    "hatten fast drei Jahre auf diesen Tag gewartet: Das alte Gebäude musste nach "
    "dem Brand schließen, und die Bücher lagen so lange im feuchten Keller der Schule. "
    "Man habe nicht alles retten können, erzählte die Leiterin, aber das meiste stehe "
    "schon wieder im Regal. Die Kinder stürmten als Erste in den Lesesaal, wo sie "
    "auf dem Fußboden sitzen dürfen.";

static const char french[] =
    "Hier soir, une nouvelle bibliothèque a été inaugurée au bord de la rivière. Les "
    "habitants attendaient ce jour depuis près de trois ans : l’ancien bâtiment avait "
    "été fermé après l’incendie, et les livres étaient restés tout ce temps dans la "
    "cave humide de l’école. La directrice a raconté que tout n’avait pas pu être "
    "sauvé, mais que la plus grande partie était déjà de retour sur les étagères.";

static const char spanish[] =
    "Ayer por la tarde se inauguró una nueva biblioteca a la orilla del río. Los vecinos "
    "llevaban casi tres años esperando este día: el edificio antiguo cerró después "
    "del incendio y los libros quedaron todo ese tiempo en el sótano húmedo de la "
    "escuela. La directora contó que no se pudo salvar todo, pero que la mayor parte "
    "ya volvió a los estantes. Los niños corrieron los primeros al salón.";

static const char portuguese[] =
    "Ontem à tarde foi inaugurada uma nova biblioteca à beira do rio. Os moradores "
    "esperavam por este dia há quase três anos: o edifício antigo fechou depois do "
    "incêndio e os livros ficaram todo esse tempo na cave húmida da escola. A diretora "
    "contou que não foi possível salvar tudo, mas que a maior parte já voltou às estantes. "
    "As crianças foram as primeiras a correr para a sala de leitura.";

static const char italian[] =
    "Ieri sera è stata inaugurata una nuova biblioteca sulla riva del fiume. Gli abitanti "
    "aspettavano questo giorno da quasi tre anni: il vecchio edificio era stato chiuso "
    "dopo l’incendio e i libri erano rimasti per tutto il tempo nella cantina umida "
    "della scuola. La direttrice ha raccontato che non tutto si è potuto salvare, "
    "però la maggior parte è già tornata sugli scaffali.";

static const char swedish[] =
    "I går kväll öppnades ett nytt bibliotek vid älven. Stadens invånare hade väntat "
    "på den här dagen i nästan tre år: det gamla huset stängdes efter branden och "
    "böckerna låg hela tiden i skolans fuktiga källare. Föreståndaren berättade att "
    "allt inte gick att rädda, men att det mesta redan står på hyllorna igen. Barnen "
    "sprang först in i läsesalen.";

static const char danish[] =
    "I går aftes åbnede et nyt bibliotek ved åen. Byens borgere havde ventet på denne "
    "dag i næsten tre år: den gamle bygning blev lukket efter branden, og bøgerne "
    "lå hele tiden i skolens fugtige kælder. Lederen fortalte, at ikke alt kunne reddes, "
    "men at det meste allerede står på hylderne igen. Børnene løb først ind på læsesalen.";

static const char finnish[] =
    "Eilen illalla joen rannalla avattiin uusi kirjasto. Kaupungin asukkaat olivat "
    "odottaneet tätä päivää lähes kolme vuotta: vanha rakennus suljettiin tulipalon "
    "jälkeen, ja kirjat olivat koko ajan koulun kosteassa kellarissa. Johtaja kertoi, "
    "että kaikkea ei pystytty pelastamaan, mutta suurin osa on jo takaisin hyllyissä. "
    "Lapset ryntäsivät ensimmäisinä lukusaliin.";

static const char polish[] =
    "Wczoraj wieczorem nad brzegiem rzeki otwarto nową bibliotekę. Mieszkańcy miasta "
    "czekali na ten dzień prawie trzy lata: stary budynek zamknięto po pożarze, a "
    "książki przez cały ten czas leżały w wilgotnej piwnicy szkoły. Dyrektorka opowiedziała"
    ", że nie wszystko udało się ocalić, ale większość zbiorów wróciła już na półki. "
    "Dzieci jako pierwsze pobiegły do czytelni, gdzie pozwolono im siedzieć na podłodze.";

static const char czech[] =
    "Včera večer byla na břehu řeky otevřena nová knihovna. Obyvatelé města čekali "
    "na tento den téměř tři roky: stará budova byla po požáru zavřena a knihy celou "
    "tu dobu ležely ve vlhkém sklepě školy. Ředitelka vyprávěla, že se nepodařilo "
    "zachránit všechno, ale většina sbírky se už vrátila do polic. Děti jako první "
    "vběhly do čítárny, kde směly sedět přímo na zemi.";

static const char slovak[] =
    "Včera večer bola na brehu rieky otvorená nová knižnica. Obyvatelia mesta čakali "
    "na tento deň takmer tri roky: stará budova bola po požiari zatvorená a knihy "
    "celý ten čas ležali vo vlhkej pivnici školy. Riaditeľka rozprávala, že sa nepodarilo "
    "zachrániť všetko, ale väčšina zbierky sa už vrátila do políc.";

static const char hungarian[] =
    "Tegnap este új könyvtár nyílt a folyó partján. A város lakói csaknem három évig "
    "vártak erre a napra: a régi épületet a tűz után bezárták, a könyvek pedig egész "
    "idő alatt az iskola nyirkos pincéjében hevertek. Az igazgatónő elmondta, hogy "
    "nem sikerült mindent megmenteni, de a gyűjtemény nagyobb része már visszakerült "
    "a polcokra. A gyerekek elsőként futottak be az olvasóterembe.";

static const char croatian[] =
    "Jučer navečer na obali rijeke otvorena je nova knjižnica. Građani su na taj dan "
    "čekali gotovo tri godine: stara je zgrada nakon požara zatvorena, a knjige su "
    "sve to vrijeme ležale u vlažnom podrumu škole. Ravnateljica je ispričala da se "
    "nije uspjelo spasiti sve, ali je veći dio zbirke već vraćen na police. Djeca "
    "su prva otrčala u čitaonicu.";

static const char slovenian[] =
    "Sinoči so na bregu reke odprli novo knjižnico. Meščani so na ta dan čakali skoraj "
    "tri leta: staro stavbo so po požaru zaprli, knjige pa so ves ta čas ležale v "
    "vlažni šolski kleti. Ravnateljica je povedala, da vsega ni bilo mogoče rešiti, "
    "a večina zbirke je že spet na policah. Otroci so prvi stekli v čitalnico.";

static const char turkish[] =
    "Dün akşam nehrin kıyısında yeni bir kütüphane açıldı. Şehrin sakinleri bu günü "
    "neredeyse üç yıl beklemişti: eski bina yangından sonra kapatılmış, kitaplar bütün "
    "bu süre boyunca okulun nemli bodrumunda kalmıştı. Müdire her şeyin kurtarılamadığını, "
    "ama kitapların çoğunun raflara geri döndüğünü anlattı. Çocuklar okuma salonuna "
    "ilk koşanlar oldu.";

static const char vietnamese[] =
    "Chiều tối hôm qua, một thư viện mới đã mở cửa bên bờ sông. Người dân thành phố "
    "đã chờ đợi ngày này gần ba năm: tòa nhà cũ bị đóng cửa sau vụ cháy, và sách phải "
    "nằm suốt thời gian đó trong tầng hầm ẩm ướt của trường học. Bà giám đốc kể rằng "
    "không cứu được tất cả, nhưng phần lớn đã trở lại trên kệ.";

static const char lithuanian[] =
    "Vakar vakare ant upės kranto atidaryta nauja biblioteka. Miesto gyventojai šios "
    "dienos laukė beveik trejus metus: senasis pastatas po gaisro buvo uždarytas, "
    "o knygos visą tą laiką gulėjo drėgname mokyklos rūsyje. Direktorė pasakojo, kad "
    "ne viską pavyko išgelbėti, bet didžioji dalis jau grįžo į lentynas. Vaikai pirmieji "
    "nubėgo į skaityklą.";

static const char latvian[] =
    "Vakar vakarā upes krastā tika atklāta jauna bibliotēka. Pilsētas iedzīvotāji "
    "šo dienu gaidīja gandrīz trīs gadus: vecā ēka pēc ugunsgrēka tika slēgta, un "
    "grāmatas visu šo laiku atradās skolas mitrajā pagrabā. Direktore stāstīja, ka "
    "ne visu izdevies izglābt, bet lielākā daļa jau ir atgriezusies plauktos. Bērni "
    "pirmie skrēja uz lasītavu.";

static const char estonian[] =
    "Eile õhtul avati jõe kaldal uus raamatukogu. Linna elanikud olid seda päeva oodanud "
    "peaaegu kolm aastat: vana maja suleti pärast tulekahju ja raamatud seisid kogu "
    "selle aja kooli niiskes keldris. Juhataja jutustas, et kõike ei õnnestunud päästa, "
    "kuid suurem osa on juba riiulitele tagasi jõudnud. Lapsed jooksid esimesena lugemissaa"
    "li.";

static const char english[] =
    "The library on the river bank opened again last night. “We waited almost three "
    "years,” the director said – and the children didn’t wait a minute longer. The "
    "café next door, which had kept its doors open all the time, was full by nine "
    "o’clock; not one of the guests wanted to go home…";

static const struct {
    const char *charset, *text;
} undeclared[] = {
    {"WINDOWS-1251", russian},    {"KOI8-R", russian},
    {"ISO-8859-5", russian},      {"CP866", russian},
    {"WINDOWS-1251", ukrainian},  {"KOI8-U", ukrainian},
    {"WINDOWS-1251", bulgarian},  {"ISO-8859-5", bulgarian},
    {"CP932", japanese},          {"EUC-JP-MS", japanese},
    {"ISO-2022-JP", japanese},    {"GBK", chinese},
    {"BIG5-HKSCS", taiwanese},    {"CP949", korean},
    {"ISO-8859-7", greek},        {"WINDOWS-1253", greek},
    {"WINDOWS-1256", arabic},     {"ISO-8859-6", arabic},
    {"WINDOWS-1255", hebrew},     {"ISO-8859-8", hebrew},
    {"WINDOWS-874", thai},        {"WINDOWS-1252", german},
    {"WINDOWS-1252", french},     {"WINDOWS-1252", spanish},
    {"WINDOWS-1252", portuguese}, {"WINDOWS-1252", italian},
    {"WINDOWS-1252", swedish},    {"WINDOWS-1252", danish},
    {"WINDOWS-1252", finnish},    {"WINDOWS-1250", polish},
    {"ISO-8859-2", polish},       {"WINDOWS-1250", czech},
    {"ISO-8859-2", czech},        {"WINDOWS-1250", slovak},
    {"ISO-8859-2", slovak},       {"WINDOWS-1250", hungarian},
    {"ISO-8859-2", hungarian},    {"WINDOWS-1250", croatian},
    {"ISO-8859-2", croatian},     {"WINDOWS-1250", slovenian},
    {"ISO-8859-2", slovenian},    {"WINDOWS-1254", turkish},
    {"VISCII", vietnamese},       {"WINDOWS-1257", lithuanian},
    {"ISO-8859-13", lithuanian},  {"WINDOWS-1257", latvian},
    {"ISO-8859-13", latvian},     {"WINDOWS-1257", estonian},
    {"ISO-8859-15", estonian},    {"WINDOWS-1252", english},
};

/* The text in another charset, as iconv writes it. */
static struct buf encode(const char *text, const char *charset)
{
    struct buf b;
    char *p = (char *)text, *to;
    size_t left = strlen(text), room = 4 * left + 16;
    iconv_t cd = iconv_open(charset, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    buf_init(&b, MIB);
    to = buf_room(&b, room);
    assert_non_null(to);
    b.len = room;
    if (iconv(cd, &p, &left, &to, &room) == (size_t)-1 || iconv(cd, NULL, NULL, &to, &room))
        fail_msg("%s cannot be written in %s from: %.40s", "the text", charset, p);
    b.len -= room;
    iconv_close(cd);
    return b;
}

struct result {
    int status;
    struct decoded d;
    struct buf buffer;
    struct winnow_error err;
};

static struct result run(struct slice bytes, const char *http)
{
    struct result r = {0};
    buf_init(&r.buffer, 16 * MIB);
    r.status = decode(bytes, http, WINNOW_KIND_AUTO, 16 * MIB, &r.buffer, &r.d, &r.err);
    if (r.status == WINNOW_OK)
        assert_int_equal(utf8_valid_prefix(r.d.text), r.d.text.len);
    return r;
}

static void assert_text(const struct result *r, const char *want)
{
    assert_int_equal(r->status, WINNOW_OK);
    if (!slice_is(r->d.text, want))
        fail_msg("%s (%s) gave: %.*s", r->d.charset, r->d.from, (int)r->d.text.len, r->d.text.p);
}

/* Decodes bytes and asserts all that is said of them. */
static void assert_decodes(struct slice bytes, const char *http, const char *want,
                           const char *charset, const char *from)
{
    struct result r = run(bytes, http);
    assert_text(&r, want);
    assert_string_equal(r.d.charset, charset);
    assert_string_equal(r.d.from, from);
    buf_free(&r.buffer);
}

#define BYTES(literal) ((struct slice){literal, sizeof(literal) - 1})

/* --- UTF-8 ------------------------------------------------------------------------- */

static void hands_utf8_on_without_a_copy(void **state)
{
    (void)state;
    struct slice page = slice_of(russian);
    struct result r = run(page, "windows-1251");
    assert_ptr_equal(r.d.text.p, page.p);
    assert_int_equal(r.d.text.len, page.len);
    assert_string_equal(r.d.charset, "UTF-8");
    assert_string_equal(r.d.from, "utf-8");
    assert_int_equal(r.d.replaced + r.d.nuls, 0);
    assert_null(r.buffer.data);
}

static void takes_an_empty_text(void **state)
{
    (void)state;
    assert_decodes((struct slice){NULL, 0}, NULL, "", "UTF-8", "utf-8");
    assert_decodes(BYTES("\xEF\xBB\xBF"), NULL, "", "UTF-8", "bom");
    assert_decodes(BYTES("\xFF\xFE"), NULL, "", "UTF-16LE", "bom");
}

static void takes_off_a_bom(void **state)
{
    (void)state;
    assert_decodes(BYTES("\xEF\xBB\xBFplain"), NULL, "plain", "UTF-8", "bom");
    assert_decodes(BYTES("\xEF\xBB\xBF\xEF\xBB\xBFtwice"), NULL, "twice", "UTF-8", "bom");
    assert_decodes(BYTES("\x84\x31\x95\x33\xC4\xE3\xBA\xC3"), NULL, "你好", "GB18030", "bom");
}

static void mends_utf8_with_a_few_bad_bytes(void **state)
{
    (void)state;
    struct result r = run(BYTES("«привет», сказал он\xE2\x80 и ушёл\xFF домой\xD0"), NULL);
    assert_text(&r, "«привет», сказал он\xEF\xBF\xBD и ушёл\xEF\xBF\xBD домой\xEF\xBF\xBD");
    assert_string_equal(r.d.charset, "UTF-8");
    assert_string_equal(r.d.from, "utf-8");
    assert_int_equal(r.d.replaced, 3);
    buf_free(&r.buffer);
}

static void replaces_each_maximal_subpart_once(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t marks;
    } rows[] = {{"\xE2\x82", 1},     {"\xF0\x9F\x98", 1},     {"\xE0\x80\x80", 3},
                {"\xED\xA0\x80", 3}, {"\xF4\x90\x80\x80", 4}, {"\xC3", 1},
                {"\x80\x80", 2},     {"\xE2\xE2\x82\xAC", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, MIB);
        buf_adds(&b, "Grüße, größere Bäume, schöne Blüten, süße Früchte, für Hörer, ");
        buf_adds(&b, "Küste, Füße, Mühe, Säle, Höhe, ");
        buf_adds(&b, rows[i].bytes);
        buf_adds(&b, " Ende");
        struct result r = run(buf_slice(&b), "utf-8");
        assert_int_equal(r.status, WINNOW_OK);
        assert_string_equal(r.d.charset, "UTF-8");
        assert_int_equal(r.d.replaced, rows[i].marks);
        buf_free(&r.buffer);
        buf_free(&b);
    }
}

static void leaves_out_nuls(void **state)
{
    (void)state;
    struct result r = run(BYTES("\0the fer\0ry runs again, привет\0"), NULL);
    assert_text(&r, "the ferry runs again, привет");
    assert_int_equal(r.d.nuls, 3);
    assert_int_equal(r.d.replaced, 0);
    buf_free(&r.buffer);
}

/* --- two and four bytes a character ------------------------------------------------ */

static void reads_utf16_and_utf32_with_a_bom(void **state)
{
    (void)state;
    static const char *const charsets[] = {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"};
    for (size_t i = 0; i < 4; i++) {
        struct buf b = encode("\xEF\xBB\xBFпривет, 世界 😀", charsets[i]);
        assert_decodes(buf_slice(&b), "windows-1252", "привет, 世界 😀", charsets[i], "bom");
        buf_free(&b);
    }
}

static void knows_utf16_without_a_bom(void **state)
{
    (void)state;
    static const char *const charsets[] = {"UTF-16LE", "UTF-16BE"};
    for (size_t i = 0; i < sizeof undeclared / sizeof *undeclared; i++)
        for (size_t k = 0; k < 2; k++) {
            char text[4096];
            snprintf(text, sizeof text, "%s\n%s\n", undeclared[i].text, undeclared[i].text);
            struct buf b = encode(text, charsets[k]);
            assert_decodes(buf_slice(&b), NULL, text, charsets[k], "detector");
            buf_free(&b);
        }
}

static void replaces_half_a_surrogate_pair(void **state)
{
    (void)state;
    /* and half a character at the end */
    struct result r = run(BYTES("\xFF\xFE"
                                "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0\x3D\xD8l\0m"),
                          NULL);
    assert_text(&r, "abcdefghijk\xEF\xBF\xBDl\xEF\xBF\xBD");
    buf_free(&r.buffer);
}

/* --- undeclared -------------------------------------------------------------------- */

static void knows_undeclared_texts_in_many_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof undeclared / sizeof *undeclared; i++) {
        struct buf b = encode(undeclared[i].text, undeclared[i].charset);
        struct result r = run(buf_slice(&b), NULL);
        if (!slice_is(r.d.text, undeclared[i].text))
            fail_msg("%s was taken for %s (%s): %s", undeclared[i].charset, r.d.charset, r.d.from,
                     undeclared[i].text);
        assert_string_equal(r.d.from, "detector");
        assert_int_equal(r.d.replaced, 0);
        buf_free(&r.buffer);
        buf_free(&b);
    }
}

/* Markup is ASCII: left in, it would outweigh the few words of a short page. */
static void knows_undeclared_pages_under_much_markup(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof undeclared / sizeof *undeclared; i++) {
        struct buf html;
        buf_init(&html, MIB);
        buf_adds(&html, "<!DOCTYPE html><html><head><script>var a = 'b';</script><style>p {}"
                        "</style></head><body><!-- page -->");
        for (int k = 0; k < 100; k++)
            buf_addf(&html, "<li class=\"item\"><a href=\"/n/%d.html\">%d</a></li>\n", k, k);
        buf_addf(&html, "<p>%s</p></body></html>", undeclared[i].text);
        struct buf b = encode(html.data, undeclared[i].charset);
        struct result r = run(buf_slice(&b), NULL);
        if (!slice_is(r.d.text, html.data))
            fail_msg("%s was taken for %s (%s): %s", undeclared[i].charset, r.d.charset, r.d.from,
                     undeclared[i].text);
        buf_free(&r.buffer);
        buf_free(&b);
        buf_free(&html);
    }
}

static void takes_a_few_western_bytes_for_western(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "The guests in the café by the ferry did not want to go home that evening, and the owner "
        "let them stay until the last boat had left the harbour for the night.",
        "The ferry – so the harbour master says – costs £3 for the islanders and £5 for everybody "
        "else; that’s “a fair price”, and the 1½ hours on the water are well worth it…",
        "The ferry runs again since Monday, and it was full within minutes, said the harbour "
        "master — who had waited for that day as long as everybody else on the island.",
        "The crossing takes 1½ hours in summer, says the master, and he should know: he has made "
        "it every day, in all weathers, since he was old enough to see over the wheel.",
        "Señor Ruiz has bought the old ferry. What he wants to do with it nobody knows, but the "
        "islanders have seen him on the quay with a bucket of white paint and a brush.",
        "The boat was built by Müller & Søn in 1931, rebuilt in 1958, sold in 1974, sunk in 1975, "
        "raised in 1976 and is said to run for another hundred years. Ferry™ is their brand.",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf b = encode(texts[i], "WINDOWS-1252");
        struct result r = run(buf_slice(&b), NULL);
        assert_text(&r, texts[i]);
        buf_free(&r.buffer);
        buf_free(&b);
    }
}

/* --- declared ---------------------------------------------------------------------- */

static void believes_http_before_meta_before_the_detector(void **state)
{
    (void)state;
    static const char page[] = "<html><head><meta charset=\"iso-8859-7\"></head><p>\xE1\xE2\xE3";
    static const char bare[] = "<html><head></head><p>\xE1\xE2\xE3 \xE4\xE5";
    assert_decodes(BYTES(page), "windows-1251",
                   "<html><head><meta charset=\"iso-8859-7\"></head><p>бвг", "WINDOWS-1251",
                   "http");
    assert_decodes(BYTES(page), NULL, "<html><head><meta charset=\"iso-8859-7\"></head><p>αβγ",
                   "ISO-8859-7", "meta");
    struct result r = run(BYTES(bare), NULL);
    assert_true(!strcmp(r.d.from, "detector") || !strcmp(r.d.from, "fallback"));
    buf_free(&r.buffer);
}

static void believes_valid_utf8_before_everybody(void **state)
{
    (void)state;
    static const char page[] = "<html><meta charset=windows-1251><p>Grüße";
    assert_decodes(BYTES(page), "iso-8859-1", page, "UTF-8", "utf-8");
}

static void reads_a_charset_from_a_whole_content_type(void **state)
{
    (void)state;
    static const char *const types[] = {"koi8-r", "KOI8-R", "text/html; charset=koi8-r",
                                        "text/html;charset=\"KOI8-R\"; q=1", " 'koi8-r' "};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_decodes(BYTES("\xD0\xD2\xC9\xD7\xC5\xD4 \xEC\xC0\xC4\xC9"), types[i], "привет Люди",
                       "KOI8-R", "http");
}

static void reads_every_way_of_declaring_in_a_page(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "<html><meta charset=windows-1251>",
        "<html><META CHARSET = 'Windows-1251' />",
        "<html><meta name=x content=\"charset=koi8-r\"><meta charset=\"cp1251\">",
        "<html><meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">",
        "<html><meta content='text/html;charset = windows-1251' http-equiv=content-type>",
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><html>",
        "<html><!-- <meta charset=koi8-r> --><meta charset=windows-1251>",
        "<html><meta charset=no-such-charset><meta charset=x-cp1251>",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char page[512], want[512];
        snprintf(page, sizeof page, "%s<p>\xEF\xF0\xE8\xE2\xE5\xF2", heads[i]);
        snprintf(want, sizeof want, "%s<p>привет", heads[i]);
        assert_decodes(slice_of(page), NULL, want, "WINDOWS-1251", "meta");
    }
}

static void passes_over_a_declaration_in_a_text(void **state)
{
    (void)state;
    static const char text[] =
        "To declare a charset write <meta charset=koi8-r> at the start of the page. "
        "Caf\xE9 owners who do not know which one they use should use none at all, and the "
        "na\xEFve reader will see what the browser makes of it.";
    struct result r = run(BYTES(text), NULL);
    assert_int_equal(r.status, WINNOW_OK);
    assert_non_null(memmem(r.d.text.p, r.d.text.len, "Café", 5));
    buf_free(&r.buffer);
}

static void means_what_browsers_mean_by_a_label(void **state)
{
    (void)state;
    static const struct {
        const char *label, *bytes, *want, *charset;
    } rows[] = {
        {"iso-8859-1", "\x93quoted\x94 \x80", "“quoted” €", "WINDOWS-1252"},
        {"us-ascii", "caf\xE9", "café", "WINDOWS-1252"},
        {"latin1", "\x85", "…", "WINDOWS-1252"},
        {"ISO_8859-1:1987", "\xE9", "é", "WINDOWS-1252"},
        {"gb2312", "\x96\x7C", "東", "GB18030"},
        {"shift_jis", "\x87\x40\x81\x60", "①～", "CP932"},
        {"ks_c_5601-1987", "\x8C\x63\xB0\xA1", "똠가", "CP949"},
        {"big5", "\xA7\x41\xA6\x6E", "你好", "BIG5-HKSCS"},
        {"iso-8859-9", "\x80\xFD\xFE", "€ış", "WINDOWS-1254"},
        {"tis-620", "\x85\xA1", "…ก", "WINDOWS-874"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct result r = run(slice_of(rows[i].bytes), rows[i].label);
        assert_text(&r, rows[i].want);
        assert_string_equal(r.d.charset, rows[i].charset);
        assert_string_equal(r.d.from, "http");
        buf_free(&r.buffer);
    }
}

static void hands_no_strange_label_to_iconv(void **state)
{
    (void)state;
    static const char *const labels[] = {"UTF-7",
                                         "ISO-2022-CN-EXT",
                                         "IBM1388",
                                         "",
                                         "-",
                                         ":",
                                         "windows-1251//TRANSLIT//IGNORE x y",
                                         "../../tmp/module",
                                         "windows",
                                         "1251 cp1251"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct result r = run(BYTES("The caf\xE9 by the ferry +AGE-"), labels[i]);
        assert_text(&r, "The café by the ferry +AGE-");
        assert_string_not_equal(r.d.from, "http");
        buf_free(&r.buffer);
    }
}

static void gives_up_a_declared_charset_that_does_not_fit(void **state)
{
    (void)state;
    static const char *const wrong[] = {"utf-8", "shift_jis", "euc-kr", "utf-16", "euc-jp"};
    struct buf b = encode(russian, "WINDOWS-1251");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_decodes(buf_slice(&b), wrong[i], russian, "WINDOWS-1251", "detector");
    buf_free(&b);
}

static void takes_a_page_that_says_utf16_for_what_it_is(void **state)
{
    (void)state;
    static const char page[] = "<html><meta charset=utf-16><p>Grüße, \xC3 sch\xFFn, Höhe";
    struct result r = run(BYTES(page), NULL);
    assert_string_equal(r.d.charset, "UTF-8");
    assert_string_equal(r.d.from, "meta");
    assert_int_equal(r.d.replaced, 2);
    buf_free(&r.buffer);
}

/* --- what cannot be decoded -------------------------------------------------------- */

static void keeps_reading_in_step_behind_a_bad_pair(void **state)
{
    (void)state;
    struct buf b = encode(japanese, "EUC-JP-MS");
    b.data[20] = (char)0xA9; /* a row of the table that is empty */
    b.data[21] = (char)0xFE;
    struct result r = run(buf_slice(&b), "euc-jp");
    assert_int_equal(r.status, WINNOW_OK);
    assert_string_equal(r.d.from, "http");
    assert_int_equal(r.d.replaced, 1);
    assert_memory_equal(r.d.text.p, japanese, 30);
    assert_memory_equal(r.d.text.p + 30, "\xEF\xBF\xBD", 3);
    assert_string_equal(r.d.text.p + 33, japanese + 33);
    buf_free(&r.buffer);
    buf_free(&b);
}

static void swallows_no_ascii_behind_a_bad_lead(void **state)
{
    (void)state;
    struct buf b = encode(chinese, "GB18030");
    buf_adds(&b, "\xC4<b>");
    struct result r = run(buf_slice(&b), "gb2312");
    assert_int_equal(r.d.replaced, 1);
    assert_memory_equal(r.d.text.p + r.d.text.len - 6, "\xEF\xBF\xBD<b>", 6);
    buf_free(&r.buffer);
    buf_free(&b);
}

static void marks_a_character_that_the_end_cuts_off(void **state)
{
    (void)state;
    struct result r = run(BYTES("\x93\xFA\x96\x7B\x93"), "shift_jis");
    assert_text(&r, "日本\xEF\xBF\xBD");
    assert_string_equal(r.d.charset, "CP932");
    buf_free(&r.buffer);
}

static void keeps_the_letter_that_waits_for_an_accent(void **state)
{
    (void)state;
    /* The converter holds back each base letter to see whether a tone mark follows. */
    assert_decodes(BYTES("ti\xEA\xECng Vi\xEA\xF2t \xE2"), "windows-1258", "tiếng Việt â",
                   "WINDOWS-1258", "http");
    /* A byte that is no character comes behind the letter before it, not in front. */
    struct result r = run(BYTES("ti\xEA\xECng Vi\xEA\xF2t l\xE0 ng\xF4n ng\xFB c\xFA"
                                "a "
                                "ng\xFD\xF5i Vi\xEA\xF2t \xE2\x81z"),
                          "windows-1258");
    assert_string_equal(r.d.charset, "WINDOWS-1258");
    assert_memory_equal(r.d.text.p + r.d.text.len - 6, "â\xEF\xBF\xBDz", 6);
    buf_free(&r.buffer);
}

static void falls_back_on_western(void **state)
{
    (void)state;
    struct result r = run(BYTES("\x81\x8D\x8F\x90\x9D"), NULL);
    assert_int_equal(r.status, WINNOW_OK);
    assert_string_equal(r.d.from, "fallback");
    assert_int_equal(r.d.replaced, 5);
    buf_free(&r.buffer);
}

/* --- no text ----------------------------------------------------------------------- */

static void says_what_a_binary_file_is(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        const char *what;
    } rows[] = {
        {BYTES("%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n"), "a PDF"},
        {BYTES("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"), "a PNG image"},
        {BYTES("PK\3\4\x14\0\x06\0\x08\0"), "a zip"},
        {BYTES("\x7F"
               "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0"),
         "a program"},
        {BYTES("\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0"), "a JPEG image"},
        {BYTES("GIF89a\1\0\1\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\1\0\1\0"), "a GIF image"},
        {BYTES("{\\rtf1\\ansi Hello}"), "an RTF document"},
        {BYTES("\x1F\x8B\x08\0\0\0\0\0\0\3"), "gzip inside gzip"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct result r = run(rows[i].bytes, NULL);
        assert_int_equal(r.status, WINNOW_EDATA);
        if (!strstr(r.err.text, rows[i].what))
            fail_msg("not \"%s\": %s", rows[i].what, r.err.text);
        assert_non_null(strstr(r.err.text, "winnow cleans HTML and text"));
        buf_free(&r.buffer);
    }
}

static void refuses_random_bytes(void **state)
{
    (void)state;
    unsigned char bytes[2000];
    uint32_t seed = 1;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
        struct result r = run((struct slice){(char *)bytes, sizeof bytes}, "utf-8");
        assert_int_equal(r.status, WINNOW_EDATA);
        assert_non_null(strstr(r.err.text, "no text"));
        assert_null(r.d.from);
        buf_free(&r.buffer);
    }
}

static void takes_text_with_a_few_control_characters(void **state)
{
    (void)state;
    static const char text[] = "page 1\x0C page 2 \x01 field \x02 \x1B[1mbold\x1B[0m \x1A and so "
                               "on, for a line or two of words that somebody wrote";
    assert_decodes(BYTES(text), NULL, text, "UTF-8", "utf-8");
    assert_decodes(BYTES("GIF89a is a format, MZ are initials, Rar! is a cry"), NULL,
                   "GIF89a is a format, MZ are initials, Rar! is a cry", "UTF-8", "utf-8");
}

static void takes_text_with_a_tail_of_nuls(void **state)
{
    (void)state;
    char bytes[4096] = "The ferry runs again.";
    struct result r = run((struct slice){bytes, sizeof bytes}, NULL);
    assert_text(&r, "The ferry runs again.");
    assert_int_equal(r.d.nuls, 4096 - 21);
    buf_free(&r.buffer);
}

/* --- bounds ------------------------------------------------------------------------ */

static void keeps_the_result_within_the_limit(void **state)
{
    (void)state;
    struct buf b = encode(russian, "WINDOWS-1251"), out;
    struct decoded d = {.from = "untouched"};
    struct winnow_error err = {0};
    size_t len = strlen(russian);
    buf_init(&out, MIB);
    assert_int_equal(decode(buf_slice(&b), "cp1251", WINNOW_KIND_AUTO, len - 1, &out, &d, &err), WINNOW_ELIMIT);
    assert_non_null(strstr(err.text, "limit"));
    assert_string_equal(d.from, "untouched");
    assert_int_equal(decode(buf_slice(&b), "cp1251", WINNOW_KIND_AUTO, len, &out, &d, &err), WINNOW_OK);
    assert_int_equal(d.text.len, len);
    assert_int_equal(decode(slice_of(russian), NULL, WINNOW_KIND_AUTO, len - 1, &out, &d, NULL), WINNOW_ELIMIT);
    assert_int_equal(decode(slice_of(russian), NULL, WINNOW_KIND_AUTO, len, &out, &d, NULL), WINNOW_OK);
    buf_free(&out);
    buf_free(&b);
}

/* A charset that does not fit makes more of the bytes than the one that does. */
static void counts_only_the_right_charset_against_the_limit(void **state)
{
    (void)state;
    struct buf bytes, want, out;
    struct decoded d;
    buf_init(&bytes, MIB);
    buf_init(&want, MIB);
    buf_init(&out, MIB);
    buf_adds(&bytes, "\xFF\xFE"); /* no BOM: a Latin text that starts so */
    buf_adds(&want, "ÿþ");
    for (int i = 0; i < 100; i++) {
        buf_adds(&bytes, "abcdefgh\xE0\xE1");
        buf_adds(&want, "abcdefghàá");
    }
    assert_int_equal(decode(buf_slice(&bytes), "latin1", WINNOW_KIND_AUTO, want.len, &out, &d, NULL), WINNOW_OK);
    assert_true(slice_eq(d.text, buf_slice(&want)));
    buf_free(&out);
    buf_free(&want);
    buf_free(&bytes);
}

static void ends_a_converted_text_with_a_nul(void **state)
{
    (void)state;
    struct buf out;
    struct decoded d;
    buf_init(&out, MIB);
    for (size_t len = 40; len > 2; len--) { /* the buffer holds more of the time before */
        struct slice bytes = {"ab\xE9"
                              "defghijklmnopqrstuvwxyzabcdefghijklmn",
                              len};
        assert_int_equal(decode(bytes, "latin1", WINNOW_KIND_AUTO, MIB, &out, &d, NULL), WINNOW_OK);
        assert_int_equal(strlen(d.text.p), d.text.len);
    }
    buf_free(&out);
}

/* Whatever the bytes and the label, the result is valid UTF-8 without NULs and BOM; run()
 * asserts the first. */
static void makes_valid_utf8_of_any_bytes(void **state)
{
    (void)state;
    static const char *const labels[] = {
        NULL,          "utf-8",    "big5",   "gbk",          "shift_jis", "euc-jp",  "euc-kr",
        "iso-2022-jp", "utf-16le", "utf-32", "windows-1258", "euc-tw",    "tis-620", "viscii"};
    static const char *const seeds[] = {
        "\x1B$B", "\xE3\x81", "<meta charset=", "\x8F\xA2", "\xEF\xBB\xBF", "\x81\x30",
        "a\xCC",  "\x82\xA0", " text ",         "\x1B(B",   "\x88\x62\xA3", "\xF0\x9F\x98\x80",
        "<p>"};
    uint32_t seed = 42;
    for (int round = 0; round < 4000; round++) {
        struct buf b;
        buf_init(&b, MIB);
        for (int k = 0; k < 40; k++) {
            seed = seed * 1664525 + 1013904223;
            if (seed >> 31)
                buf_adds(&b, seeds[(seed >> 20) % (sizeof seeds / sizeof *seeds)]);
            else
                buf_addc(&b, (char)(seed >> 22 | (seed & 64 ? 0x80 : 0x20)));
        }
        struct result r =
            run(buf_slice(&b), labels[(size_t)round % (sizeof labels / sizeof *labels)]);
        if (r.status == WINNOW_OK) {
            assert_true(r.d.text.len == 0 || !memchr(r.d.text.p, 0, r.d.text.len));
            assert_false(r.d.text.len > 2 && !memcmp(r.d.text.p, "\xEF\xBB\xBF", 3));
        }
        buf_free(&r.buffer);
        buf_free(&b);
    }
}

/* A scan for an end that is missing, begun again at every start, would take minutes. */
static void detects_in_bounded_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<script>", "<!--",           "<style>\n", "<",
                                         "<meta ",   "<?xml encoding", "\x1B$",     "&<b"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf b;
        clock_t start = clock();
        buf_init(&b, 4 * MIB);
        buf_adds(&b, "<html>");
        while (b.len < 2 * MIB)
            buf_adds(&b, pieces[i]);
        buf_adds(&b, "caf\xE9");
        struct result r = run(buf_slice(&b), NULL);
        assert_int_equal(r.status, WINNOW_OK);
        assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
        buf_free(&r.buffer);
        buf_free(&b);
    }
}

static void believes_a_caller_who_says_that_it_is_text(void **state)
{
    (void)state;
    struct slice rtf = slice_of("{\\rtf is how a file of that kind starts, the manual says.");
    struct buf out;
    struct decoded d;
    buf_init(&out, MIB);
    assert_int_equal(decode(rtf, NULL, WINNOW_KIND_AUTO, MIB, &out, &d, NULL), WINNOW_EDATA);
    assert_int_equal(decode(rtf, NULL, WINNOW_KIND_DUMP, MIB, &out, &d, NULL), WINNOW_OK);
    assert_true(slice_eq(d.text, rtf));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_a_caller_who_says_that_it_is_text),
        cmocka_unit_test(hands_utf8_on_without_a_copy),
        cmocka_unit_test(takes_an_empty_text),
        cmocka_unit_test(takes_off_a_bom),
        cmocka_unit_test(mends_utf8_with_a_few_bad_bytes),
        cmocka_unit_test(replaces_each_maximal_subpart_once),
        cmocka_unit_test(leaves_out_nuls),
        cmocka_unit_test(reads_utf16_and_utf32_with_a_bom),
        cmocka_unit_test(knows_utf16_without_a_bom),
        cmocka_unit_test(replaces_half_a_surrogate_pair),
        cmocka_unit_test(knows_undeclared_texts_in_many_languages),
        cmocka_unit_test(knows_undeclared_pages_under_much_markup),
        cmocka_unit_test(takes_a_few_western_bytes_for_western),
        cmocka_unit_test(believes_http_before_meta_before_the_detector),
        cmocka_unit_test(believes_valid_utf8_before_everybody),
        cmocka_unit_test(reads_a_charset_from_a_whole_content_type),
        cmocka_unit_test(reads_every_way_of_declaring_in_a_page),
        cmocka_unit_test(passes_over_a_declaration_in_a_text),
        cmocka_unit_test(means_what_browsers_mean_by_a_label),
        cmocka_unit_test(hands_no_strange_label_to_iconv),
        cmocka_unit_test(gives_up_a_declared_charset_that_does_not_fit),
        cmocka_unit_test(takes_a_page_that_says_utf16_for_what_it_is),
        cmocka_unit_test(keeps_reading_in_step_behind_a_bad_pair),
        cmocka_unit_test(swallows_no_ascii_behind_a_bad_lead),
        cmocka_unit_test(marks_a_character_that_the_end_cuts_off),
        cmocka_unit_test(keeps_the_letter_that_waits_for_an_accent),
        cmocka_unit_test(falls_back_on_western),
        cmocka_unit_test(says_what_a_binary_file_is),
        cmocka_unit_test(refuses_random_bytes),
        cmocka_unit_test(takes_text_with_a_few_control_characters),
        cmocka_unit_test(takes_text_with_a_tail_of_nuls),
        cmocka_unit_test(keeps_the_result_within_the_limit),
        cmocka_unit_test(counts_only_the_right_charset_against_the_limit),
        cmocka_unit_test(ends_a_converted_text_with_a_nul),
        cmocka_unit_test(makes_valid_utf8_of_any_bytes),
        cmocka_unit_test(detects_in_bounded_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
