"""Whether a task of a list asks a person to look: `Checkpoint - Ensure all tests pass, ask the user …`."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re

_WORD = (
    r"check[- ]?points?|チェックポイント|检查点|檢查點|检查站|체크포인트|ponto de (?:verificação|controle|checagem)|"
    r"punto de (?:control|verificación|comprobación)|"
    r"point de (?:contrôle|vérification)|punto di (?:controllo|verifica)|"
    r"kontrollpunkt|prüfpunkt|контрольн(?:ая|а) точка|kontrol noktası|titik (?:pemeriksaan|periksa)|điểm kiểm tra"
)
_ALONE = (
    r"(?=\W*$|[ ]*[-–—:：,(（.。/]|[ ]+#?\d|[ ]+[A-Z](?![a-z])|"
    r"[ ]+(?:for|after|before|pass|final|sprint|phase|fase|etapa|geral|intermedi\w+)\b)"
)
_BEGINS = re.compile(rf"\W*(?:[^\W\d_]+-)?(?:{_WORD}){_ALONE}", re.IGNORECASE)
_QUALIFIED = re.compile(
    rf"\W*(?:(?!(?:add|create|implement|write|build|make|define|set|fix|update|test|support|use|save|store|load|remove|"
    rf"register|configure|run|perform|verify|handle|resume|restore|enable|design|refactor|migrate|extend|wire)\b)"
    rf"[^\W_][\w.-]*[ ]+|[最中終终期的间間一-龥ぁ-ヿー・]{{1,8}}){{1,4}}(?:{_WORD}){_ALONE}",
    re.IGNORECASE,
)
_CHECKS = re.compile(
    r"(?:ensure|verify|confirm|make sure)[^.]{0,40}\btests?\b[^.]{0,20}\bpass|"
    r"(?:すべて|全て|全)の?テスト|所有测试|所有測試",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"ask (?:the )?user|ユーザーに(?:確認|質問|尋ね|聞)|(?:询问|詢問|咨询|请示)用[户戶]|詢問使用者|"
    r"向用[户戶](?:提问|确认|询问)|"
    r"사용자에게|pergunt\w+ (?:a)?o usuário|consult\w+ (?:al?|o) usu[aá]rio|pregunt\w+ al usuario|"
    r"demande\w* à l.utilisateur|(?:frage|fragen) Sie den (?:Be)?nutzer|den (?:Be)?nutzer fragen|"
    r"спросит\w+ (?:у )?пользователя|tanyakan (?:ke|kepada|pada) (?:user|pengguna)|chiedere all.utente|kullanıcıya sor",
    re.IGNORECASE,
)


def is_checkpoint(title: str, details: str) -> bool:
    """Whether a person's word is all there is to do.

    Its title is a checkpoint by name, at its beginning (`Checkpoint: …`) or behind a few words that are no order
    (`Final checkpoint`, not `Add a checkpoint`); or it only wants the tests to pass, and says that a person is asked.
    """
    if _BEGINS.match(title) or _QUALIFIED.match(title):
        return True
    return bool(_CHECKS.search(title)) and bool(_ASKS.search(title) or _ASKS.search(details))
