"""The list of messages finds them where the tests have them."""
import messages

SOURCE = r'''
@pytest.mark.parametrize(("f", "message"), [(1, "matmul: a (2, 3)"), (2, f"has {n}" " rows"), (3, a + "is late")])
def test(f, message):
    with pytest.raises(ValueError, match=r"^pad: x \(3,\) .* [0-9]{12} end\.$"):
        f()
    assert str(caught.value) == "no axis 2"
    assert "there is no run" in fails(capsys, "sample")
    assert other == "no message"
'''


def test_messages_are_found_and_made_plain():
    assert set(messages.messages(SOURCE)) == {
        "matmul: a (2, 3)", "has ... rows", "...is late", "pad: x (3,) ... ... end.", "no axis 2", "there is no run"}


def test_every_test_file_is_read():
    found = messages.collected()
    assert sum(map(len, found.values())) > 300
    assert "theta: parameters of float32 and float64 meet; use astype" in found["nn/test_module.py"]
