"""What feeds and pages say in the language of the site: words of the interface, and dates. Pure."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from syndicate.feeds.site import Kind

# fmt: off
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "everything": "All of {site}", "everything_about": "Everything new on {site}",
        "topic_about": "What {site} publishes on {label}", "source_about": "What {site} publishes from {label}",
        "author_about": "What {site} publishes by {label}", "language_about": "What {site} publishes in {label}",
        "moved": "This feed has moved",
        "letters": "From A to Z", "whole_group": "All {total}",
        "feeds_of": "Feeds of {site}", "missing": "Nothing stands here",
        "missing_about": "No feed or page has this address, or no longer.",
        "missing_way": "All topics and feeds are on the front page.",
        "missing_yet": "Nothing is published yet. Feeds appear here as soon as the first item is.",
        "collections": "Collections", "sections": "Sections", "vocabularies": "Vocabularies", "languages": "Languages",
        "sources": "Sources", "authors": "Authors", "tags": "Tags",
        "skip": "Skip to content", "site": "Site", "latest": "Latest", "topics": "Topics", "topic": "Topic",
        "section": "Section", "home_site": "Home site", "published_by": "Published by",
        "all_as_opml": "All feeds as OPML", "topic_page": "Topic page", "entries": "Entries",
        "nothing_here": "Nothing here yet. Subscribe, and the first entry will come to you.",
        "nothing_published": "Nothing is published yet.", "newest_of": "The newest {shown} of {total}.",
        "older": "Older entries", "newer": "Newer entries", "current": "Newest entries", "earlier": "Earlier entries",
        "together": "Often together with", "all_topics": "All topics", "source": "Source", "filed": "Filed under",
        "subscribe": "Subscribe", "give": "Give one of these addresses to your feed reader.",
        "more_ways": "More ways to subscribe", "open_in": "Open in your feed reader", "feed_of": "feed of {label}",
        "all_entries": "All {total} entries", "directory": "Topics and sections", "own_feed": "Each has its own feed.",
        "take_all": "Take all of them into your feed reader at once (OPML).", "filter": "Find a topic",
        "found_none": "No topic has these words.", "read_at": "Read the article at {brand}",
        "read_own": "Read on {brand}", "leads_on": "This page leads on to the article.", "updated": "Updated",
        "related": "Related", "share_topics": "Topics", "more_in": "More in {label}", "previous": "Earlier",
        "next": "Later", "here": "You are here",
    },
    "de": {
        "everything": "Alles von {site}", "everything_about": "Alles Neue von {site}",
        "topic_about": "Was {site} zu {label} veröffentlicht", "source_about": "Was {site} aus {label} veröffentlicht",
        "author_about": "Was {site} von {label} veröffentlicht",
        "language_about": "Was {site} in der Sprache {label} veröffentlicht",
        "moved": "Dieser Feed ist umgezogen",
        "letters": "Von A bis Z", "whole_group": "Alle {total}",
        "feeds_of": "Feeds von {site}", "missing": "Hier steht nichts",
        "missing_about": "Unter dieser Adresse steht kein Feed und keine Seite, oder nicht mehr.",
        "missing_way": "Alle Themen und Feeds stehen auf der Startseite.",
        "missing_yet": "Noch ist nichts veröffentlicht. Feeds erscheinen hier mit dem ersten Beitrag.",
        "collections": "Sammlungen", "sections": "Rubriken", "vocabularies": "Vokabulare", "languages": "Sprachen",
        "sources": "Quellen", "authors": "Autoren", "tags": "Schlagwörter",
        "skip": "Zum Inhalt", "site": "Website", "latest": "Neuestes", "topics": "Themen", "topic": "Thema",
        "section": "Rubrik", "home_site": "Zur Website", "published_by": "Veröffentlicht von",
        "all_as_opml": "Alle Feeds als OPML", "topic_page": "Themenseite", "entries": "Beiträge",
        "nothing_here": "Hier steht noch nichts. Abonnieren Sie, dann kommt der erste Beitrag zu Ihnen.",
        "nothing_published": "Noch ist nichts veröffentlicht.", "newest_of": "Die neuesten {shown} von {total}.",
        "older": "Ältere Beiträge", "newer": "Neuere Beiträge", "current": "Neueste Beiträge",
        "earlier": "Frühere Beiträge", "together": "Oft zusammen mit", "all_topics": "Alle Themen",
        "source": "Quelle", "filed": "Eingeordnet unter", "subscribe": "Abonnieren",
        "give": "Geben Sie Ihrem Feedreader eine dieser Adressen.", "more_ways": "Weitere Wege zum Abonnement",
        "open_in": "Im Feedreader öffnen", "feed_of": "Feed zu {label}", "all_entries": "Alle {total} Beiträge",
        "directory": "Themen und Rubriken", "own_feed": "Jedes hat einen eigenen Feed.",
        "take_all": "Alle auf einmal in den Feedreader übernehmen (OPML).", "filter": "Thema suchen",
        "found_none": "Kein Thema enthält diese Wörter.", "read_at": "Artikel bei {brand} lesen",
        "read_own": "Bei {brand} lesen", "leads_on": "Diese Seite führt weiter zum Artikel.",
        "updated": "Aktualisiert", "related": "Dazu passend", "share_topics": "Themen", "more_in": "Mehr zu {label}",
        "previous": "Früher", "next": "Später", "here": "Sie sind hier",
    },
    "fr": {
        "everything": "Tout {site}", "everything_about": "Toutes les nouveautés de {site}",
        "topic_about": "Ce que {site} publie sur {label}", "source_about": "Ce que {site} publie à partir de {label}",
        "author_about": "Ce que {site} publie de {label}",
        "language_about": "Ce que {site} publie dans cette langue : {label}",
        "moved": "Ce flux a déménagé",
        "letters": "De A à Z", "whole_group": "Les {total} en entier",
        "feeds_of": "Flux de {site}", "missing": "Il n’y a rien ici",
        "missing_about": "Aucun flux ni aucune page n’a cette adresse, ou ne l’a plus.",
        "missing_way": "Tous les sujets et tous les flux sont sur la page d’accueil.",
        "missing_yet": "Rien n’est encore publié. Les flux paraîtront ici avec le premier article.",
        "collections": "Collections", "sections": "Rubriques", "vocabularies": "Vocabulaires", "languages": "Langues",
        "sources": "Sources", "authors": "Auteurs", "tags": "Mots-clés",
        "skip": "Aller au contenu", "site": "Site", "latest": "Dernières", "topics": "Sujets", "topic": "Sujet",
        "section": "Rubrique", "home_site": "Site principal", "published_by": "Publié par",
        "all_as_opml": "Tous les flux en OPML", "topic_page": "Page du sujet", "entries": "Articles",
        "nothing_here": "Rien ici pour l’instant. Abonnez-vous et le premier article viendra à vous.",
        "nothing_published": "Rien n’est encore publié.", "newest_of": "Les {shown} plus récents sur {total}.",
        "older": "Plus anciens", "newer": "Plus récents", "current": "Les plus récents",
        "earlier": "Articles antérieurs", "together": "Souvent avec", "all_topics": "Tous les sujets",
        "source": "Source", "filed": "Classé dans", "subscribe": "S’abonner",
        "give": "Donnez l’une de ces adresses à votre lecteur de flux.", "more_ways": "Autres façons de s’abonner",
        "open_in": "Ouvrir dans le lecteur de flux", "feed_of": "flux de {label}",
        "all_entries": "Tous les {total} articles", "directory": "Sujets et rubriques",
        "own_feed": "Chacun a son propre flux.",
        "take_all": "Les ajouter tous à votre lecteur de flux (OPML).", "filter": "Chercher un sujet",
        "found_none": "Aucun sujet ne contient ces mots.", "read_at": "Lire l’article sur {brand}",
        "read_own": "Lire sur {brand}", "leads_on": "Cette page mène à l’article.", "updated": "Mis à jour",
        "related": "À voir aussi", "share_topics": "Sujets", "more_in": "Plus sur {label}", "previous": "Plus tôt",
        "next": "Plus tard", "here": "Vous êtes ici",
    },
    "es": {
        "everything": "Todo {site}", "everything_about": "Todo lo nuevo de {site}",
        "topic_about": "Lo que {site} publica sobre {label}",
        "source_about": "Lo que {site} publica de la fuente {label}",
        "author_about": "Lo que {site} publica de {label}", "language_about": "Lo que {site} publica en {label}",
        "moved": "Este canal se ha mudado",
        "letters": "De la A a la Z", "whole_group": "Los {total} completos",
        "feeds_of": "Canales de {site}", "missing": "Aquí no hay nada",
        "missing_about": "Ningún canal ni página tiene esta dirección, o ya no.",
        "missing_way": "Todos los temas y canales están en la portada.",
        "missing_yet": "Aún no se ha publicado nada. Los canales aparecerán aquí con la primera entrada.",
        "collections": "Colecciones", "sections": "Secciones", "vocabularies": "Vocabularios", "languages": "Idiomas",
        "sources": "Fuentes", "authors": "Autores", "tags": "Etiquetas",
        "skip": "Ir al contenido", "site": "Sitio", "latest": "Lo último", "topics": "Temas", "topic": "Tema",
        "section": "Sección", "home_site": "Sitio principal", "published_by": "Publicado por",
        "all_as_opml": "Todos los canales en OPML", "topic_page": "Página del tema", "entries": "Entradas",
        "nothing_here": "Aún no hay nada. Suscríbase y recibirá la primera entrada.",
        "nothing_published": "Aún no se ha publicado nada.", "newest_of": "Las {shown} más recientes de {total}.",
        "older": "Más antiguas", "newer": "Más recientes", "current": "Lo más reciente",
        "earlier": "Entradas anteriores", "together": "A menudo junto a", "all_topics": "Todos los temas",
        "source": "Fuente", "filed": "Clasificado en", "subscribe": "Suscribirse",
        "give": "Dé una de estas direcciones a su lector de canales.", "more_ways": "Más formas de suscribirse",
        "open_in": "Abrir en el lector de canales", "feed_of": "canal de {label}",
        "all_entries": "Las {total} entradas", "directory": "Temas y secciones",
        "own_feed": "Cada uno tiene su propio canal.",
        "take_all": "Añadir todos a su lector de una vez (OPML).", "filter": "Buscar un tema",
        "found_none": "Ningún tema contiene estas palabras.", "read_at": "Leer el artículo en {brand}",
        "read_own": "Leer en {brand}", "leads_on": "Esta página lleva al artículo.", "updated": "Actualizado",
        "related": "Relacionado", "share_topics": "Temas", "more_in": "Más sobre {label}", "previous": "Anterior",
        "next": "Siguiente", "here": "Está aquí",
    },
    "ar": {
        "everything": "كل ما في {site}", "everything_about": "كل جديد في {site}",
        "topic_about": "ما ينشره {site} عن {label}", "source_about": "ما ينشره {site} من {label}",
        "author_about": "ما ينشره {site} بقلم {label}", "language_about": "ما ينشره {site} بلغة {label}",
        "moved": "انتقلت هذه الخلاصة",
        "letters": "حسب الحروف", "whole_group": "الكل ({total})",
        "feeds_of": "خلاصات {site}", "missing": "لا شيء هنا",
        "missing_about": "لا خلاصة ولا صفحة بهذا العنوان، أو لم تعد موجودة.",
        "missing_way": "كل المواضيع والخلاصات في الصفحة الرئيسية.",
        "missing_yet": "لم يُنشر شيء بعد. ستظهر الخلاصات هنا مع أول مقال.",
        "collections": "مجموعات", "sections": "الأقسام", "vocabularies": "المعاجم", "languages": "اللغات",
        "sources": "المصادر", "authors": "المؤلفون", "tags": "الوسوم",
        "skip": "انتقل إلى المحتوى", "site": "الموقع", "latest": "الأحدث", "topics": "المواضيع", "topic": "موضوع",
        "section": "قسم", "home_site": "الموقع الرئيسي", "published_by": "نشره",
        "all_as_opml": "كل الخلاصات بصيغة OPML", "topic_page": "صفحة الموضوع", "entries": "المقالات",
        "nothing_here": "لا شيء هنا بعد. اشترك وسيصلك أول مقال.", "nothing_published": "لم يُنشر شيء بعد.",
        "newest_of": "أحدث {shown} من {total}.", "older": "الأقدم", "newer": "الأحدث", "current": "أحدث المقالات",
        "earlier": "مقالات سابقة", "together": "كثيرًا مع", "all_topics": "كل المواضيع", "source": "المصدر",
        "filed": "مصنف تحت", "subscribe": "اشترك", "give": "أعطِ أحد هذه العناوين لقارئ الخلاصات.",
        "more_ways": "طرق أخرى للاشتراك", "open_in": "افتح في قارئ الخلاصات", "feed_of": "خلاصة {label}",
        "all_entries": "كل المقالات ({total})", "directory": "المواضيع والأقسام", "own_feed": "لكل منها خلاصة خاصة.",
        "take_all": "أضفها كلها إلى قارئ الخلاصات دفعة واحدة (OPML).", "filter": "ابحث عن موضوع",
        "found_none": "لا يوجد موضوع بهذه الكلمات.", "read_at": "اقرأ المقال في {brand}", "read_own": "اقرأ في {brand}",
        "leads_on": "تقودك هذه الصفحة إلى المقال.", "updated": "حُدّث", "related": "ذو صلة", "share_topics": "المواضيع",
        "more_in": "المزيد في {label}", "previous": "السابق", "next": "التالي", "here": "أنت هنا",
    },
}
GROUPS: Final[Mapping[Kind, str]] = {
    "named": "collections", "section": "sections", "topic": "topics", "vocabulary": "vocabularies",
    "language": "languages", "source": "sources", "author": "authors", "tag": "tags",
}
"""The words for the kinds of feeds but that of everything, which are the groups' anchors, too."""
# Names of months and how a date is put together (Unicode CLDR 45, `dateFormats/long`).
_DATES: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("January February March April May June July August September October November December", "{d} {m} {y}"),
    "de": ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember", "{d}. {m} {y}"),
    "fr": ("janvier février mars avril mai juin juillet août septembre octobre novembre décembre", "{d} {m} {y}"),
    "es": ("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
           "{d} de {m} de {y}"),
    "ar": ("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر", "{d} {m} {y}"),
}
# fmt: on


def words_for(language: str, own: Iterable[tuple[str, str]] = ()) -> Mapping[str, str]:
    """The words of the interface by their key: those given, else in the language, else in English."""
    return _words_for(_primary(language), tuple(own))


def spoken(language: str) -> str:
    """The language in which the interface speaks to a site of that language: its own or English."""
    return language if _primary(language) in WORDS else "en"


def filled(phrase: str, **parts: object) -> str:
    """The phrase with each `{name}` replaced; other braces stay as they are."""
    for name, part in parts.items():
        phrase = phrase.replace("{" + name + "}", str(part))
    return phrase


def day(moment: datetime, language: str) -> str:
    """The date as people write it in the language; in ISO form where its months' names are not known."""
    months, form = _DATES.get(_primary(language), ("", ""))
    if not form:
        return moment.date().isoformat()
    return form.format(d=moment.day, m=months.split()[moment.month - 1], y=moment.year)


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


@cache
def _words_for(language: str, own: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return MappingProxyType({**WORDS["en"], **WORDS.get(language, {}), **dict(own)})
