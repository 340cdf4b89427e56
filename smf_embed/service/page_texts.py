"""What the pages say, in English and Russian.

Each text is a pair, English first. Where a number decides the form, forms are parted by `|`: one and more in English,
one, few and many in Russian; `n` chooses.
"""

from __future__ import annotations

LANGUAGES = ("en", "ru")

TEXTS: dict[str, tuple[str, str]] = {
    # the frame
    "name": ("smf-embed", "smf-embed"),
    "skip": ("Skip to the content", "Сразу к содержанию"),
    "nav": ("Pages", "Страницы"),
    "nav_search": ("Search", "Поиск"),
    "nav_review": ("Review", "Проверка"),
    "nav_projects": ("Projects", "Проекты"),
    "nav_teach": ("Teach", "Обучение"),
    "nav_import": ("Import", "Загрузка"),
    "nav_labels": ("Labels", "Метки"),
    "nav_report": ("Report", "Отчёт"),
    "change_name": ("Change your name", "Сменить имя"),
    "undo": ("Undo", "Отменить"),
    "back": ("Back", "Назад"),
    "show": ("Show", "Показать"),
    "none": ("no project", "нет проекта"),
    "unlabelled": ("not labelled", "без метки"),
    "no_title": ("(no title)", "(без названия)"),
    # welcome
    "welcome": ("Welcome", "Добро пожаловать"),
    "welcome_told": (
        "Your name is kept with each label that you give, so that others know whom to ask.",
        "Ваше имя сохраняется с каждой вашей меткой, чтобы другие знали, кого спросить.",
    ),
    "your_name": ("Your name", "Ваше имя"),
    "token": ("Access token of the service", "Токен доступа к сервису"),
    "enter": ("Enter", "Войти"),
    "token_wrong": ("This is not the token of the service.", "Это не токен этого сервиса."),
    "name_missing": ("Please tell your name.", "Пожалуйста, укажите имя."),
    # search
    "search_title": ("Which project is it?", "Какой это проект?"),
    "search_what": ("Link, id, title or words", "Ссылка, id, название или слова"),
    "search_hint": ("Link, id, title or words", "Ссылка, id, название или слова"),
    "search": ("Find", "Найти"),
    "id_missing": ("{id}: there is no such clip in the catalogue.", "{id}: такого ролика в каталоге нет."),
    "text_judged": ("A clip with this title would be decided", "Ролик с таким названием отнесли бы сюда"),
    "found": ("{n} clip|{n} clips", "{n} ролик|{n} ролика|{n} роликов"),
    "found_nothing": ("Nothing was found.", "Ничего не нашлось."),
    "all_projects": ("in all projects", "во всех проектах"),
    "similarity": ("similarity {value}", "сходство {value}"),
    "looks_like": ("looks like", "похоже на"),
    "tile_clips": ("Clips", "Ролики"),
    "tile_labelled": ("{n} labelled|{n} labelled", "{n} с меткой|{n} с меткой|{n} с меткой"),
    "tile_f1": ("mean F1 {value}", "средняя F1 {value}"),
    "tile_not_fitted": ("the model is not fitted yet", "модель ещё не обучена"),
    "tile_review": ("Doubtful clips", "Сомнительные ролики"),
    "tile_begin": ("Review", "Проверить"),
    "tile_review_told": ("one key for each", "одна клавиша на ролик"),
    "tile_teach": ("Teach a project", "Новый проект"),
    "tile_five": ("5 clips", "5 роликов"),
    "tile_teach_told": ("are enough to begin with", "хватит для начала"),
    # a clip
    "label_now": ("Label:", "Метка:"),
    "labelled_by": ("{who}, {time}", "{who}, {time}"),
    "open_video": ("Open the video", "Открыть видео"),
    "description": ("Description", "Описание"),
    "subtitles": ("Subtitles", "Субтитры"),
    "decision": ("Decision", "Решение"),
    "confidence_is": ("confidence {share}", "уверенность {share}"),
    "runner_up": ("otherwise", "иначе"),
    "threshold_told": ("threshold of the project", "порог проекта"),
    "unsure": ("Unsure.", "Не уверена."),
    "unsure_told": ("A person should look at this clip.", "На этот ролик стоит взглянуть человеку."),
    "no_model": (
        "There is no fitted model yet: smf-embed fit makes one.",
        "Обученной модели ещё нет: её создаёт smf-embed fit.",
    ),
    "label_it": ("Label it", "Поставить метку"),
    "is_right": ("Right: {project}", "Верно: {project}"),
    "is_none": ("No project", "Нет проекта"),
    "take_label": ("Take the label away", "Снять метку"),
    "other_project": ("Other project", "Другой проект"),
    "label_button": ("Label", "Поставить"),
    "label_near": ("Label all that are this near…", "Пометить всё, что так же близко…"),
    "why": ("Why", "Почему"),
    "for": ("for it", "за"),
    "against": ("against it", "против"),
    "effects": ("What speaks for and against {project}", "Что говорит за «{project}» и против"),
    "effect_is": ("{name}: {effect}", "{name}: {effect}"),
    "no_evidence": ("Nothing speaks for a project.", "Ничто не говорит в пользу какого-либо проекта."),
    "nearest": ("Nearest labelled clips", "Ближайшие ролики с метками"),
    "similar": ("Similar clips without a label", "Похожие ролики без метки"),
    "history": ("History of the label", "История метки"),
    # evidence in words
    "group_wording_title": ("wording of the title", "слова названия"),
    "group_wording_description": ("wording of the description", "слова описания"),
    "group_wording_subtitles": ("wording of the subtitles", "слова субтитров"),
    "group_names_title": ("names in the title", "имена в названии"),
    "group_names_description": ("names in the description", "имена в описании"),
    "group_names_subtitles": ("names in the subtitles", "имена в субтитрах"),
    "group_near_title": ("clips with a similar title", "ролики с похожим названием"),
    "group_near_description": ("clips with a similar description", "ролики с похожим описанием"),
    "group_near_subtitles": ("clips with similar subtitles", "ролики с похожими субтитрами"),
    "group_channel": ("the channel", "канал"),
    "group_numbers": ("length, format and other facts", "длина, формат и другие данные"),
    "group_size": ("size of the project", "размер проекта"),
    "reason_best_is_none": (
        "Too little speaks for the nearest project, {project}.",
        "За ближайший проект, «{project}», говорит слишком мало.",
    ),
    "reason_name_title": (
        "The title names {project}: «{text}» ({how}).",
        "Название упоминает {project}: «{text}» ({how}).",
    ),
    "reason_name_description": (
        "The description names {project}: «{text}» ({how}).",
        "Описание упоминает {project}: «{text}» ({how}).",
    ),
    "reason_name_subtitles": (
        "The subtitles name {project}: «{text}» ({how}).",
        "Субтитры упоминают {project}: «{text}» ({how}).",
    ),
    "how_exact": ("as it is written", "как пишется"),
    "how_inflected": ("inflected", "в другой форме"),
    "how_fuzzy": ("misspelt", "с опечаткой"),
    "how_transliterated": ("in other letters", "другими буквами"),
    "how_mined": ("a phrase of its clips", "фраза из его роликов"),
    "reason_near_title": (
        "The nearest title of {project}: “{title}”.",
        "Ближайшее название из «{project}»: «{title}».",
    ),
    "reason_near_description": (
        "The nearest description is of {project}: “{title}”.",
        "Ближайшее описание из «{project}»: «{title}».",
    ),
    "reason_near_subtitles": (
        "The nearest subtitles are of {project}: “{title}”.",
        "Ближайшие субтитры из «{project}»: «{title}».",
    ),
    "reason_channel": (
        "{count} of {all} labelled clips of the channel are {project}.",
        "{count} из {all} роликов канала с метками — {project}.",
    ),
    "reason_wording_for": (
        "It is worded like the clips of {project}.",
        "Слова те же, что в роликах проекта «{project}».",
    ),
    "reason_wording_against": (
        "It is not worded like the clips of {project}.",
        "Слова не те, что в роликах проекта «{project}».",
    ),
    # label all that are near
    "near_title": ("Label all that are this near", "Пометить всё, что так же близко"),
    "near_least": ("Similarity at least", "Сходство не меньше"),
    "near_found": ("The nearest clips", "Ближайшие ролики"),
    "near_nothing": (
        "No clip is that near; try a lower similarity.",
        "Так близко роликов нет; попробуйте сходство поменьше.",
    ),
    "near_told": (
        "Clips that have another project already are not ticked. Nothing is labelled before you press the button.",
        "Ролики, у которых уже другой проект, не отмечены. До нажатия кнопки ничего не помечается.",
    ),
    "near_itself": ("and this clip", "и этот ролик"),
    "near_label": ("Label the ticked clips: {n}", "Пометить отмеченные: {n}"),
    "project": ("Project", "Проект"),
    # review
    "review_at": ("Clip {at} of {all}", "Ролик {at} из {all}"),
    "review_done": ("Done", "Готово"),
    "review_done_told": (
        "{n} clip was looked at. Thank you.|{n} clips were looked at. Thank you.",
        "Просмотрен {n} ролик. Спасибо.|Просмотрено {n} ролика. Спасибо.|Просмотрено {n} роликов. Спасибо.",
    ),
    "review_more": ("Next clips", "Следующие ролики"),
    "review_wait": ("The clips to look at are being chosen…", "Выбираются ролики для проверки…"),
    "review_empty": (
        "No clip waits for a look. Import a table of new clips, and the doubtful ones appear here.",
        "Роликов на проверку нет. Загрузите таблицу новых роликов, и сомнительные появятся здесь.",
    ),
    "later": ("Later", "Позже"),
    "review_keys": ("Keys 1 to 4 choose, Z takes back.", "Клавиши 1–4 выбирают, Z (Я) отменяет."),
    # projects
    "projects_title": ("{n} project|{n} projects", "{n} проект|{n} проекта|{n} проектов"),
    "projects_told": (
        "F1 as the folds of the last fit scored it. Doubtful: unlabelled clips that a person should see.",
        "F1 — по частям последнего обучения. Сомнительные — ролики без метки, которые стоит проверить.",
    ),
    "col_project": ("Project", "Проект"),
    "col_clips": ("Clips", "Роликов"),
    "col_f1": ("F1", "F1"),
    "col_threshold": ("Threshold", "Порог"),
    "col_doubtful": ("Doubtful", "Сомнительных"),
    "col_time": ("Time (UTC)", "Время (UTC)"),
    "col_source": ("Source", "Источник"),
    "col_who": ("Who", "Кто"),
    "col_clip": ("Clip", "Ролик"),
    "source_table": ("table", "таблица"),
    "source_person": ("person", "человек"),
    "source_model": ("model", "модель"),
    "taught": ("just taught", "только что обучен"),
    # teach
    "teach_title": ("Teach a new project", "Обучить новому проекту"),
    "teach_told": (
        "Find a few clips of it, tick them, and others are decided at once. Five different ones are a good start.",
        "Найдите несколько его роликов, отметьте — и другие сразу начнут определяться. Пять разных — хорошее начало.",
    ),
    "teach_name": ("Name of the project", "Название проекта"),
    "teach_search": ("Find clips of it", "Найти его ролики"),
    "picked": ("Picked", "Отобраны"),
    "teach_count": ("Picked: {n}", "Отобрано: {n}"),
    "teach_button": ("Teach", "Обучить"),
    "teach_no_name": ("Name the project.", "Назовите проект."),
    "teach_no_clips": ("Tick at least one clip of the project.", "Отметьте хотя бы один ролик проекта."),
    "done_new": (
        "{project}: no clip has this project yet. Find a few more of its clips and teach it.",
        "{project}: роликов с таким проектом ещё нет. Найдите ещё несколько его роликов и обучите ему.",
    ),
    # import
    "import_title": ("Import a table", "Загрузить таблицу"),
    "import_told": (
        "New clips are added, known ones updated; a row that cannot be used is left out and told.",
        "Новые ролики добавляются, известные обновляются; негодные строки пропускаются, и о них сообщается.",
    ),
    "import_file": ("CSV or Parquet file", "Файл CSV или Parquet"),
    "import_button": ("Import", "Загрузить"),
    "import_columns": ("Columns", "Столбцы"),
    "column_id": ("id of the video; it must be there", "id видео; обязателен"),
    "column_title": ("title", "название"),
    "column_text": ("[title] description", "[название] описание"),
    "column_label": ("project, or none; may be missing", "проект или none; может не быть"),
    "column_channel": ("name of the channel", "название канала"),
    "import_running": ("Clips are being read and encoded", "Ролики читаются и кодируются"),
    "import_at": ("{share} of the table", "{share} таблицы"),
    "import_done": ("The table is in the catalogue.", "Таблица в каталоге."),
    "import_added": ("added", "добавлено"),
    "import_updated": ("updated", "обновлено"),
    "import_unchanged": ("unchanged", "без изменений"),
    "import_rejected": ("left out", "пропущено"),
    "rejected_file": ("Rows that were left out (CSV)", "Пропущенные строки (CSV)"),
    "import_kind": ("Choose a file that ends in .csv or .parquet.", "Выберите файл .csv или .parquet."),
    "import_large": ("The file is larger than {most} MB.", "Файл больше {most} МБ."),
    "job_busy": (
        "Another table or report is being made; wait for it.",
        "Уже идёт другая загрузка или отчёт; дождитесь их конца.",
    ),
    # labels
    "labels_title": ("Who labelled what", "Кто что пометил"),
    "labels_nothing": ("Nobody has labelled a clip yet.", "Пока никто не ставил меток."),
    "undo_mine": ("Undo my last", "Отменить моё последнее"),
    "export": ("Export (CSV)", "Выгрузить (CSV)"),
    # report
    "report_title": ("Report", "Отчёт"),
    "report_told": (
        "Scores, plots, a map of the clips and the surest mistakes, from the folds of the last fit. It takes a minute.",
        "Оценки, графики, карта роликов и самые уверенные ошибки по частям последнего обучения. Около минуты.",
    ),
    "report_make": ("Make the report", "Составить отчёт"),
    "report_anew": ("Make it anew", "Составить заново"),
    "report_running": (
        "The report is being made; this takes a minute.",
        "Отчёт составляется, это займёт около минуты.",
    ),
    "report_made": ("Made {time}.", "Составлен {time}."),
    "report_alone": ("Open as its own page", "Открыть отдельной страницей"),
    "report_failed": ("The report could not be made: {reason}", "Отчёт составить не удалось: {reason}"),
    # notices and errors
    "done_label": ("Labelled.", "Метка поставлена."),
    "done_unlabel": ("The label is taken away.", "Метка снята."),
    "done_near": (
        "{n} clip labelled.|{n} clips labelled.",
        "Помечен {n} ролик.|Помечено {n} ролика.|Помечено {n} роликов.",
    ),
    "done_undo": (
        "Taken back: {n} label.|Taken back: {n} labels.",
        "Отменена {n} метка.|Отменено {n} метки.|Отменено {n} меток.",
    ),
    "done_undo_kept": (
        "Taken back: {n} label. What was labelled anew since stays."
        "|Taken back: {n} labels. What was labelled anew since stays.",
        "Отменена {n} метка. То, что с тех пор помечено заново, осталось."
        "|Отменено {n} метки. То, что с тех пор помечено заново, осталось."
        "|Отменено {n} меток. То, что с тех пор помечено заново, осталось.",
    ),
    "done_undo_nothing": ("There was nothing to take back.", "Отменять нечего."),
    "done_teach": (
        "{project} is known now, from {n} clip.|{project} is known now, from {n} clips.",
        "Проект «{project}» теперь известен, по {n} ролику.|Проект «{project}» теперь известен, по {n} роликам."
        "|Проект «{project}» теперь известен, по {n} роликам.",
    ),
    "error_title": ("That did not work", "Не получилось"),
    "error_busy": ("The service is busy; try again in a moment.", "Сервис занят; попробуйте чуть позже."),
    "error_internal": (
        "Something went wrong in the service; it is in its log.",
        "В сервисе произошла ошибка; она записана в журнал.",
    ),
    "error_missing": ("There is no such page or clip.", "Такой страницы или ролика нет."),
    "error_foreign": ("This request came from another site.", "Этот запрос пришёл с другого сайта."),
}


def text(language: str, key: str, **values: object) -> str:
    """Return a text in a language, with its values filled in.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.
    key : str
        Of `TEXTS`.
    **values
        By the names in the text; `n` chooses the form, too.
    """
    chosen = TEXTS[key][LANGUAGES.index(language)]
    if "|" in chosen:
        count = values["n"]
        forms = chosen.split("|")
        chosen = forms[_form(language, count if isinstance(count, int) else 0)]
    if isinstance(values.get("n"), int):
        values["n"] = number(language, int(str(values["n"])))
    return chosen.format(**values)


def _form(language: str, n: int) -> int:
    """Return which form of a word goes with a number."""
    if language == "en":
        return int(n != 1)
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else 2


def number(language: str, n: int) -> str:
    """Return a whole number as it is written: 8,341 or 8 341."""
    return f"{n:,}" if language == "en" else f"{n:,}".replace(",", "\N{NO-BREAK SPACE}")


def decimal(language: str, value: float, digits: int = 2) -> str:
    """Return a fraction as it is written: 0.86 or 0,86."""
    written = f"{value:.{digits}f}"
    return written if language == "en" else written.replace(".", ",")


def percent(language: str, share: float) -> str:
    """Return a share as it is written: 86% or 86 %."""
    return f"{share:.0%}" if language == "en" else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
