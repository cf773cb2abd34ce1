"""The one error a learner or command-line user may meet: a sentence that says what, where and what to do."""


class SafeShopError(Exception):
    """Bad input, told in one sentence.

    Parameters
    ----------
    sentence
        What is wrong, where (file, row, column, field), and what to do; already in the reader's language.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
