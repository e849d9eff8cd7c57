"""How people first say it, in the languages that WhatsApp speaks: looked for whole, in any case and with any accent."""

from __future__ import annotations

I_LOVE_YOU = (
    "i love you", "love you too", "ich liebe dich", "hab dich lieb", "te amo", "te quiero", "je t'aime", "ti amo",
    "ti voglio bene", "eu te amo", "amo-te", "ik hou van je", "ik hou van jou", "jeg elsker dig", "jeg elsker deg",
    "jag älskar dig", "minä rakastan sinua", "rakastan sinua", "kocham cię", "miluji tě", "milujem ťa", "szeretlek",
    "te iubesc", "обичам те", "volim te", "ljubim te", "σ'αγαπώ", "σ αγαπώ", "seni seviyorum", "я тебя люблю",
    "люблю тебя", "я тебе кохаю", "кохаю тебе", "אני אוהב אותך", "אני אוהבת אותך", "بحبك", "أحبك", "دوستت دارم",
    "میں تم سے پیار کرتا ہوں", "मैं तुमसे प्यार करता हूँ", "मैं तुमसे प्यार करती हूँ",
    "main tumse pyar karta hoon", "main tumse pyar karti hoon",
    "আমি তোমাকে ভালোবাসি", "நான் உன்னை காதலிக்கிறேன்", "aku cinta kamu", "aku sayang kamu",
    "saya sayang awak", "mahal kita", "nakupenda", "anh yêu em", "em yêu anh", "ผมรักคุณ", "ฉันรักคุณ",
    "愛してる", "大好きだよ", "사랑해", "我爱你", "我愛你",
)  # fmt: skip
