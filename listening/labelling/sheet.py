"""The spreadsheet in which people label: takes the words that were drawn, writes .xlsx with drop-down lists and the guide, or .csv."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from listening.journey import DEFAULT_STAGES, NO_STAGE, Journey
from listening.labels import CHOSEN, NOTHING, TAGS, WORDS
from listening.publish import sheets
from listening.workspace import put, shipped

WIDTHS = {"text": 80, "source": 14, "record_id": 22, "said_on": 11}
GUIDE_WIDTHS = (14, 14, 90)
USUAL_WIDTH = 12
LINES_SHOWN = 12  # of a long text; the cell holds all of it
LINE = 15  # points
MEANINGS = {
    "stage": {NO_STAGE: "nothing about a stage: greetings, 'n/a', praise or anger without a matter, words about somebody else"},
    "sentiment": {
        "positive": "of the words alone; sarcasm is read for what it means",
        "neutral": "neutral, mixed in equal parts, a plain question, a polite request",
        "negative": "also a trouble told without feeling",
    },
    "effort": {"low": "said to be easy, quick, done in one go", "high": "repeated contacts, waiting, being passed on, forms, having to do it oneself"},
    "expectation": {
        "below": "less than was promised, advertised, said before, usual; needs words of comparison, anger alone is none",
        "met": "as was promised, advertised, said before",
        "exceeded": "more than that",
    },
    "memorable": {"good": "would be told at dinner in a year: singular and personal, for good", "bad": "the same, for bad"},
    "recommend": {"recommends": "says that they do or would recommend", "warns": "warns others"},
    "intent": {"stay": "will come again, renew, goes on", "leave": "will cancel, switch, never again"},
    "purpose": {
        "complaint": "what the words do; if two, the one that gets most words",
        "praise": "thanks or lauds",
        "question": "wants to know",
        "request": "wants something done",
    },
}
SAYS_NOTHING = "the words say nothing of it (the same as an empty cell in a column that you fill)"
HOW = (
    "One row is one thing that a customer said. Pick from the lists; label what the words say, never what you suspect happened.",
    "stage: the matter that is spoken about, not the channel. Several matters: the one with most words, then the stronger feeling, then the earlier.",
    "Leave stage or sentiment empty where you cannot tell. A column in which you fill nothing at all stays unlabelled.",
    "Save the sheet under any name, as .xlsx or .csv, and bring it back: listening label --import FILE --labeller YOUR-NAME",
    "Rows marked random tell how well all texts are read, so label all of those of a source. Grey rows, marked chosen, teach the classifier.",
)
_HARD_CALL = re.compile(r"^\d+\. (.+)$", re.M)


def write(path: Path, rows: list[dict[str, Any]], journey: Journey, overwrite: bool = False) -> list[str]:
    """Write the rows to label; gives sentences on what a reader of the file must know.

    Raises:
        Mend: the path cannot be used.
    """
    notes = sheets.write(path, rows, overwrite)  # no text in it can become a formula
    if path.suffix.lower() == ".xlsx":
        book = openpyxl.load_workbook(path)
        lists = _guide(book.create_sheet("Guide"), journey)
        _dress(book.worksheets[0], lists)
        content = io.BytesIO()
        book.save(content)
        put(path, content.getvalue())
    return notes


def _guide(sheet: Any, journey: Journey) -> dict[str, str]:
    """Write what each class means; gives the range of cells that lists the classes of each tag."""
    lists = {}
    for line in HOW:
        sheet.append([line])
    sheet.append([])
    sheet.append(["tag", "pick", "when"])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    stages = {stage.stage: stage.description for stage in journey.stages} | MEANINGS["stage"]
    for tag in TAGS:
        first = sheet.max_row + 1
        meanings = stages if tag == "stage" else {word: MEANINGS[tag][word] for word in WORDS[tag]}
        for word, meaning in (meanings if tag in ("stage", "sentiment") else meanings | {NOTHING: SAYS_NOTHING}).items():
            sheet.append([tag, word, meaning])
        lists[tag] = f"Guide!$B${first}:$B${sheet.max_row}"
    if set(DEFAULT_STAGES) <= set(journey.names):
        sheet.append([])
        sheet.append(["hard calls"])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
        for call in _HARD_CALL.findall(shipped("reference", "CODING-GUIDE.md").read_text(encoding="utf-8")):
            sheet.append(["", "", call.replace("**", "").replace("`", "").replace("*", "")])
    for place, width in enumerate(GUIDE_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for row in sheet.iter_rows(min_row=len(HOW) + 1, min_col=3, max_col=3):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
    return lists


def _dress(sheet: Any, lists: dict[str, str]) -> None:
    """Drop-down lists, a header that stays, wrapped words."""
    sheet.title = "Labels"
    names = [cell.value for cell in sheet[1]]
    sheet.freeze_panes = sheet.cell(2, names.index("text") + 2)
    sheet.auto_filter.ref = sheet.dimensions
    shade, apart = PatternFill("solid", fgColor="FFD9D9D9"), PatternFill("solid", fgColor="FFF2F2F2")
    for place, name in enumerate(names, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = WIDTHS.get(name, USUAL_WIDTH)
        sheet.cell(1, place).font = Font(bold=True)
        sheet.cell(1, place).fill = shade
        if name in lists:
            choice = DataValidation(type="list", formula1=lists[name], allow_blank=True, showErrorMessage=True)
            choice.errorTitle, choice.error = name, "Pick one from the list, or leave the cell empty. What each means stands on the sheet 'Guide'."
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{max(sheet.max_row, 2)}")
    for row in sheet.iter_rows(min_row=2):
        is_chosen = row[names.index("draw")].value == CHOSEN
        for cell in row:
            if is_chosen:
                cell.fill = apart
            cell.alignment = Alignment(wrap_text=names[cell.column - 1] == "text", vertical="top")
        words = str(row[names.index("text")].value or "")
        lines = sum(1 + len(line) // WIDTHS["text"] for line in words.split("\n"))
        sheet.row_dimensions[row[0].row].height = LINE * min(max(lines, 1), LINES_SHOWN)
