"""Titles in many scripts and of many lengths, faces to set them in, and a way to see where ink is."""

from __future__ import annotations

from PIL import Image as Pillow
from PIL import ImageChops

from syndicate.content.lettering import Face
from syndicate.content.typefaces import BOLD, REGULAR

TITLES = {
    "short": "AI",
    "empty": "",
    "plain": "FDA clears the first autonomous AI system that reads chest X-rays",
    "family": "Care for all 👨‍👩‍👧‍👦 at home 👩🏽‍⚕️",
    "flags": "🇩🇪🇫🇷 Two countries, one record 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "keycaps": "1️⃣ first, #️⃣ then ❤️ and ☝🏽",
    "emoji only": "👍🏽🎉🚀",
    "signs": "50 °C ± 2 ≥ 3 € © ™ → ∞ “quoted” — ‘so’…",
    "chinese": "人工智能改变医疗保健的未来：机遇与挑战",
    "japanese": "人工知能（AI）が放射線科医の診断を支援する「100万件の画像」を解析、結果は？",
    "korean": "인공지능이 바꾸는 의료의 미래",
    "arabic": "الذكاء الاصطناعي AI في الطب: 25% من المستشفيات تستخدم ChatGPT (2026)",
    "hebrew": "בינה מלאכותית ברפואה: מה צפוי (2026)?",
    "persian": "می‌خواهم هوش مصنوعی را بهتر بشناسم",
    "urdu": "صحت کے شعبے میں مصنوعی ذہانت",
    "devanagari": "कृत्रिम बुद्धिमत्ता और स्वास्थ्य सेवा: क्षमता, ज्ञान और चुनौतियाँ",
    "tamil": "செயற்கை நுண்ணறிவு மற்றும் மருத்துவம்",
    "thai": "ปัญญาประดิษฐ์เปลี่ยนโฉมการแพทย์ไทยอย่างไร",
    "greek": "Η τεχνητή νοημοσύνη στην υγεία: προκλήσεις και ευκαιρίες",
    "polytonic": "Ἐν ἀρχῇ ἦν ὁ λόγος",
    "cyrillic": "Искусственный интеллект в здравоохранении: ґанок, ќе, ђак",
    "vietnamese": "Trí tuệ nhân tạo thay đổi ngành y tế Việt Nam như thế nào",
    "combining": "Z͑ͫ̓alo n̈ x̌ e\u0301\u0323 combining",
    "mixed": "Interview with 李明 about medicine in Shanghai and Beijing",
    "long": "Consumers’ attitudes towards electronic health records, telehealth and artificial intelligence: a review "
    "of observational studies published between 2010 and 2026, with recommendations for policy makers, hospitals, "
    "insurers, patient organisations, researchers and everybody else who has to decide about them before 2030",
    "very long": "word and another one " * 120,
    "one word": "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzesentwurfsprüfungsamt",
    "endless": "W" * 400,
    "mesh": "Neoplasms (Benign and Malignant), Metastatic; Carcinoma, Non-Small-Cell Lung (NSCLC) [C04.588.894]",
    "brackets": "((([[[{{{ odd )))]]]",
    "controls": "A\u200btitle\ufeff with\u00adsigns\ue000 \uffff nobody\u202e sees",
}
"""The titles of the table, and some for luck."""

BOLDS = (Face(str(BOLD), 0, is_primary=True),)
REGULARS = (Face(str(REGULAR), 0, is_primary=True),)


def ink(one: Pillow.Image, other: Pillow.Image) -> tuple[int, int, int, int] | None:
    """Where two pictures differ: left, top, right and bottom."""
    return ImageChops.difference(one, other).getbbox()
