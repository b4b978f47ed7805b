"""Names of the three columns in other people's files, and the words of type lines and totals lines."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from processing.columns import DATE, INPUT_COLUMNS, PLAYS, SONG

# Names in the first line of a column are certain; those in the second count where there is no better one.
_NAMES = {
    SONG: (
        "song | songs | song title | song name | songtitle | songname | title | track | track name | "
        "track title | trackname | tracktitle | titel | lied | liedtitel | songtitel | titelname | stück | "
        "musiktitel | chanson | titre | titre de la chanson | titre du morceau | nom de la chanson | "
        "morceau | canción | cancion | título | titulo | título de la canción | titulo de la cancion | "
        "nombre de la canción | brano | canzone | titolo | titolo del brano | titolo canzone | música | "
        "musica | título da música | faixa | nome da música | canção | nummer titel | liedje | titel nummer | "
        "låt | låttitel | sång | sangtittel | sang | utwór | tytuł | tytuł utworu | piosenka | skladba | "
        "píseň | název | şarkı | şarkı adı | песня | название | трек | композиция | 曲名 | 曲 | 楽曲名 | タイトル | "
        "歌曲 | 歌名 | 곡명 | 노래",
        "name | recording | recording title | work | work title | asset title | video title | tema | pista | item",
    ),
    DATE: (
        "date | day | play date | date played | date of play | played on | stream date | report date | "
        "datum | tag | spieltag | abspieldatum | wiedergabedatum | jour | date de lecture | date d'écoute | "
        "date de diffusion | fecha | día | dia | fecha de reproducción | data | giorno | "
        "data di riproduzione | data de reprodução | dag | datum afgespeeld | dato | spelad datum | dzień | "
        "den | tarih | gün | дата | день | 日付 | 日 | 日期 | 날짜",
        "period | timestamp | time | datetime | date time | zeitpunkt | event date | transaction date | "
        "reporting date | created at | zeit | heure | hora | ora",
    ),
    PLAYS: (
        "number of plays | of plays | plays | play count | playcount | no of plays | nr of plays | "
        "num plays | number plays | numplays | plays count | total plays | total number of plays | "
        "total number of plays for date | count of plays | streams | stream count | number of streams | "
        "total streams | spins | anzahl | anzahl wiedergaben | anzahl der wiedergaben | wiedergaben | "
        "abspielungen | anzahl abspielungen | aufrufe | anzahl plays | abrufe | anzahl streams | "
        "anzahl der abspielungen | nombre de lectures | nombre d'écoutes | nombre d'écoute | écoutes | "
        "lectures | nombre de diffusions | diffusions | nb lectures | nb écoutes | nombre de passages | "
        "reproducciones | número de reproducciones | numero de reproducciones | escuchas | "
        "cantidad de reproducciones | riproduzioni | numero di riproduzioni | ascolti | numero di ascolti | "
        "reproduções | número de reproduções | execuções | número de execuções | plays totais | "
        "aantal keer afgespeeld | aantal plays | aantal | afgespeeld | aantal streams | keer afgespeeld | "
        "antal spelningar | spelningar | antal afspilninger | afspilninger | antall avspillinger | "
        "avspillinger | odtworzenia | liczba odtworzeń | přehrání | počet přehrání | dinlenme | "
        "dinlenme sayısı | çalma sayısı | прослушивания | количество прослушиваний | 再生回数 | 再生数 | 播放次数 | "
        "播放量 | 재생 횟수 | 재생수",
        "count | number | total | quantity | qty | units | views | listens | hits | usage count | nombre | "
        "número | numero | quantité | cantidad | quantità | quantidade | menge | antal | antall | liczba | "
        "times played | performances",
    ),
}
_PUNCTUATION = re.compile(r"[_\-./:*#\"“”«»\[\]{}|]+")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")


def _words(text: str) -> list[str]:
    return text.split(" | ")


def _ranked() -> dict[str, tuple[str, int]]:
    """Return name -> our column and a rank: 0 our own name, 1 certain, 2 for want of a better one."""
    ranked: dict[str, tuple[str, int]] = {}
    for column, lines in _NAMES.items():
        for rank, line in enumerate(lines, start=1):
            for name in _words(line):
                ranked.setdefault(plain(name), (column, rank))
    return ranked | {plain(column): (column, 0) for column in INPUT_COLUMNS}


def plain(name: str) -> str:
    """Return a name normalized: without case, punctuation and variants of letters and blanks."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("\u2019", "'")
    return " ".join(_PUNCTUATION.sub(" ", folded).split())


@lru_cache(1 << 12)
def column_of(name: str) -> tuple[str, int] | None:
    """Return our column that a name means, and its rank (0 is the most certain); None if it means none."""
    known = _RANKED.get(plain(name))
    return known or _RANKED.get(plain(_IN_BRACKETS.sub("", name)))


_RANKED = _ranked()

# Words of a second header line that gives types or units.
_TYPE_WORDS = frozenset(
    map(
        plain,
        _words(
            "text | string | str | char | varchar | varchar(255) | character | alphanumeric | utf8 | name | date | "
            "datetime | timestamp | day | yyyy-mm-dd | dd.mm.yyyy | dd/mm/yyyy | mm/dd/yyyy | yyyymmdd | jjjj-mm-tt | "
            "tt.mm.jjjj | aaaa-mm-dd | jj/mm/aaaa | dd/mm/aaaa | iso 8601 | iso date | datum | fecha | number | "
            "integer | int | int64 | bigint | long | count | numeric | num | plays | units | # | zahl | anzahl | "
            "nombre | número | nvarchar | object | datetime64 | datetime64[ns] | int32 | float | float64 | double | "
            "decimal | dimension | metric | title | song | key | value | sum | nullable | not null | primary key | "
            "- | -- | --- | ----"
        ),
    )
)


def is_type_word(cell: str) -> bool:
    """Return whether a cell names the type of the values below it; an empty cell counts as one that does."""
    bare = cell.strip().strip("()[]<>")
    forms = (cell, bare, _IN_BRACKETS.sub("", cell))
    return any(plain(form) in _TYPE_WORDS for form in forms) or (bool(bare) and set(bare) <= set("-=_"))


# Words of the first cell of a totals line.
_TOTALS = frozenset(
    map(
        plain,
        _words(
            "total | totals | grand total | grand totals | total general | total général | total geral | "
            "total plays | total number of plays | total streams | overall total | overall | sum | sums | sum total | "
            "subtotal | sub-total | sub total | summe | gesamt | gesamtsumme | gesamtergebnis | insgesamt | "
            "zwischensumme | gesamt plays | somme | somme totale | sous-total | suma | suma total | somma | totale | "
            "totale generale | totale complessivo | totaal | eindtotaal | subtotaal | soma | "
            "total de reproducciones | totalt | i alt | sammanlagt | razem | celkem | "
            "toplam | итого | итог | всего | yhteensä | 合計 | 総計 | 総合計 | 总计 | 합계 | ∑ | σ | "
            "all songs | all tracks"
        ),
    )
)


_NUMBERED = re.compile(r"[\s\d.,:/()-]+$")  # Total 2024, Total (12)


def is_total(song: str) -> bool:
    """Return whether a cell, at the end of a table, begins a totals line rather than naming a song."""
    cell = song.strip(" \t:=*")
    return any(plain(form) in _TOTALS for form in (cell, _IN_BRACKETS.sub("", cell), _NUMBERED.sub("", cell)))
