"""The checks of the self-test: two questions for each notebook.

A question with letters has a hint for each wrong one: it says what speaks against it, and does not name the right one.
"""

from lecture_checks import expect
from lecture_checks.core import Form, close, question
from lecture_checks.mistakes import AnyOf, choose, judge


def letter(answer) -> str:
    """One of the four options, "a" to "d"; also as the list of options shows it, "a)"."""
    if isinstance(answer, str) and len(answer.strip(" ()")) == 1:
        answer = answer.strip(" ()")
    return expect.choice("answer", answer, "a", "b", "c", "d")


# fmt: off


@question(1, "What the kernel holds", topic="00", section="How to work with a notebook", kind="number")
def kernel(answer):
    """n after the cells n = 1, n = n + 1, n = n + 1."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=3, known=[
        ("each-once", 2, "A cell acts each time it is run, not once because it is written once."),
        ("as-written", 1, "The third cell shows `n` as the kernel holds it now, not as the first cell left it."),
        ("doubled", 4, "The second cell adds 1 to `n`; it does not double it."),
    ], otherwise="Go through the runs one by one, and write down `n` after each.")
    return "The kernel keeps what was run, in the order in which it was run, whatever the page shows."


@question(2, "The shape of the weights", topic="00", section="Notation", kind="choose")
def shape_of_weights(answer):
    """W of a layer with 4 features, 3 neurons and 5 instances: (4, 3)."""
    choose("answer", letter(answer), right="c", known=[
        ("inputs", "a", "This is the shape of the inputs, `X`. Would more instances need more weights?"),
        ("transposed", "b", "Try `X @ W` with it: the two inner numbers must be equal."),
        ("sums", "d", "This is the shape of the weighted sums: one for each instance and each neuron."),
    ])
    return "The weight in row j and column k leads from input j to neuron k; the number of instances does not matter."


@question(3, "How far away is the line?", topic="01", section="4", kind="number")
def distance(answer):
    """The distance of the line of w = (3, 4), b = -10 from the origin."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=2, known=[
        ("bias-alone", AnyOf(10, -10),
         "If weights and bias are doubled, the line stays where it is, but the bias doubles."),
        ("sign", -2, "A distance is never negative."),
        ("added", 10 / 7, "It looks as if the two weights were added up. The length of an arrow follows Pythagoras.",
         close(answer, 10 / 7, 1e-2)),
        ("square", 0.4, "It looks as if you divided by the square of the length of the weights."),
        ("length", 5, "This is the length of the arrow of the weights. With another bias the line lies elsewhere."),
        ("axis", AnyOf(2.5, 10 / 3),
         "At this distance the line meets one of the axes. Which way to the line is the shortest?",
         close(answer, 2.5) or close(answer, 10 / 3, 1e-2)),
    ], otherwise="Two numbers are needed: the size of the bias, and the length of the arrow of the weights.")
    return "The closest point is (1.2, 1.6): there 3 * 1.2 + 4 * 1.6 is 10, so the sum is 0."


@question(4, "Two of three", topic="01", section="3", kind="choose")
def two_of_three(answer):
    """The bias with which three inputs with the weights 1 give 1 if at least two are 1: -1.5."""
    choose("answer", letter(answer), right="b", known=[
        ("threshold", "a", "With this bias the sum is positive in every case. It is not a threshold: it is added."),
        ("border", "c", "With this bias the sum is exactly 0 if one input is 1. What does heaviside say there?"),
        ("all-three", "d", "With this bias two inputs do not reach 0: it takes all three."),
    ])
    return "Every bias from -2 up to, but without, -1 does it; in the middle no case is on the border."


@question(5, "One step of the perceptron", topic="02", section="2", kind="number")
def perceptron_step(answer):
    """The first weight after a step from w = (2, -1), b = -1 with x = (2, 1), target 0, learning rate 0.5."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=1, known=[
        ("sign", 3, "The neuron says 1 and should say 0. With your weight its sum for this row becomes larger."),
        ("rate", 0, "The direction is right, but this is the step with a learning rate of 1."),
        ("no-step", 2, "This is the weight as it was. Compute the sum: does the neuron say what it should?"),
        ("no-input", 1.5, "A weight moves by the learning rate, times the error, times its own input."),
        ("other", -1.5, "This is what the second weight and the bias become. The question is about the first weight."),
    ], otherwise="First the sum and the output, then the error, target minus output, then the step.")
    return "The sum for this row falls from 2 to -1: after one step the neuron says what it should."


@question(6, "XOR, forever", topic="02", section="4", kind="choose")
def xor_for_ever(answer):
    """What a perceptron does with XOR: it goes round in a circle."""
    choose("answer", letter(answer), right="d", known=[
        ("patience", "a", "Write down the four inequalities that such a neuron would have to fulfill. Can it?"),
        ("best", "b", "The rule does not look for the fewest mistakes: it makes a step at each one that it meets."),
        ("run-away", "c", "It has been proved that for finite data the weights of a perceptron stay bounded."),
    ])
    return "There is no line to find, so in each epoch there is another mistake, and another step."


@question(7, "Count the parameters", topic="03", section="2", kind="number")
def parameters(answer):
    """The parameters of a 3-5-2 network."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=32, known=[
        ("no-biases", 25, "These are the weights. Every neuron that computes something has one parameter more."),
        ("output-biases", 30,
         "Either the biases of the output layer are missing, or you multiplied 3, 5 and 2: layers add up."),
        ("hidden-biases", 27, "Each neuron of the hidden layer has a bias of its own. Did you count them all?"),
        ("input-biases", 35, "The input layer computes nothing. What do its three inputs need?"),
        ("neurons", 10, "In the drawing these are the circles. The parameters are the arrows."),
    ], otherwise="Layer by layer: a weight for each pair of input and neuron, and a bias for each neuron.")
    return "Twenty belong to the hidden layer and twelve to the output layer."


@question(8, "Ten layers, no bend", topic="03", section="3", kind="choose")
def no_bend(answer):
    """What ten layers without activation functions can do more than one: nothing."""
    choose("answer", letter(answer), right="a", known=[
        ("bends", "b", "A neuron makes a bend where its activation function has one. Where is it here?"),
        ("xor", "c", "What comes out is a weighted sum of the inputs. Behind it, a step gives a single line."),
        ("universal", "d", "That theorem is about wide layers *with* an activation function."),
    ])
    return "All matrices multiply to one, and all biases end up in one row: `X @ W + b` again."


@question(9, "What comes out of backpropagation", topic="04", section="3", kind="choose")
def backpropagation(answer):
    """Backpropagation computes the gradient."""
    choose("answer", letter(answer), right="d", known=[
        ("minimum", "a",
         "Nothing computes these at once. Training goes toward them in steps, and looks again at each."),
        ("targets", "b", "Nobody knows that, and it is not needed: the loss compares the output layer only."),
        ("update", "c", "That is the next step, the optimizer's, and it needs what backpropagation gives."),
    ])
    return "It is the chain rule, from the loss back to the first layer, and nothing is computed twice."


@question(10, "Back through one neuron", topic="04", section="2", kind="number")
def slope(answer):
    """dC/dw of C = (w x - y)^2 with w = 2, x = 3, y = 1."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=30, known=[
        ("no-input", 10,
         "This is the slope with respect to the output. The chain goes one link further, to the weight."),
        ("no-two", 15, "The last link is right. What is the derivative of a square?"),
        ("sign", -30, "If the weight grows a little, does the loss grow or shrink?"),
        ("error", 5, "This is the error, output minus target, and not a slope yet."),
        ("loss", 25, "This is the loss itself, not its slope."),
        ("weight", 20, "By how much does the output grow if the weight grows by 1? You took the weight for it."),
    ], otherwise="Two links: from the loss to the output, and from the output to the weight. Multiply the slopes.")
    return "The output, 6, is too large; a step against this slope makes the weight smaller, as it should."


@question(11, "A dead ReLU", topic="05", section="8", kind="choose")
def dead_relu(answer):
    """Gradient descent leaves a dead ReLU as it is."""
    choose("answer", letter(answer), right="c", known=[
        ("saturated", "a", "Slopes that are small belong to saturated neurons. What is the slope of ReLU below 0?"),
        ("bias", "b", "The gradient of the bias has the slope of ReLU as a factor, as those of the weights have."),
        ("shrink", "d", "Plain gradient descent moves a weight only if the loss changes with it. Does it here?"),
    ])
    return "Its slope is 0 for each instance, and so is its gradient; a leaky ReLU would have kept a small one."


@question(12, "The slope from the output", topic="05", section="2", kind="number")
def slope_from_output(answer):
    """The slope of the logistic function where it is 0.8."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=0.16, within=1e-3, known=[
        ("half", 0.2, "This is one of two factors."),
        ("squared", 0.64, "It looks as if you squared the output. But near an output of 1 the curve is flat."),
        ("output", 0.8, "This is the output itself: how high the curve is there, not how steep."),
        ("percent", 16, "A slope is a plain number, not a percentage. This function is never that steep."),
        ("tanh", 0.36, "This is how steep tanh is where its output is 0.8."),
        ("largest", 0.25, "The logistic function is this steep only where its output is 0.5."),
        ("as-sum", 0.2139, "It looks as if you took 0.8 for the sum. It is the output already."),
        ("relu", 1, "This is how steep an active ReLU is."),
    ], otherwise="With the output a, the slope is a product of two numbers that are quickly found from a.")
    return "So the backward pass needs no further exponential: the forward pass has computed the output already."


@question(13, "The best constant", topic="06", section="3", kind="number")
def best_constant(answer):
    """The constant with the smallest MAE for 1, 2, 3, 4, 20."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=3, known=[
        ("mean", 6, "This one has the smallest MSE: there each price pulls as hard as it is far away."),
        ("dropped", 2.5, "It looks as if the last price was left out. It does count, like any other."),
        ("middle", 10.5, "This is the middle of the smallest and the largest price. The others pull as well."),
    ], otherwise="With MAE all prices pull alike. Where do as many pull up as down?")
    return "It is the median; the last price could be 2,000, and nothing would change."


@question(14, "A dog, a cat, a car", topic="06", section="7", kind="choose")
def multilabel(answer):
    """Several classes at once: a logistic output for each, binary cross-entropy."""
    choose("answer", letter(answer), right="a", known=[
        ("softmax", "b", "These outputs always sum to 1. What would they say about a picture with a dog and a car?"),
        ("no-range", "c", "Such an output can be any number, -0.3 or 1.7 as well. Is that a probability?"),
        ("one-output", "d", "A single output answers one question. How many are asked here?"),
    ])
    return "Each output answers a yes-or-no question of its own: this is called multilabel classification."


@question(15, "Two curves part", topic="07", section="4", kind="choose")
def curves(answer):
    """A falling training loss with a rising validation loss: overfitting."""
    choose("answer", letter(answer), right="b", known=[
        ("diverges", "a", "A training run that diverges shows in its training loss. Here that loss falls."),
        ("contradiction", "c", "The accuracy counts what is right; the loss also asks how sure the network was."),
        ("too-small", "d", "Then the network would be about equally poor on both sets. Here they part."),
    ])
    return "More data, fewer parameters or an earlier stop would help."


@question(16, "The price of 25 %", topic="07", section="3", kind="number")
def price(answer):
    """-log(0.25)."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=1.3863, within=4e-3, known=[
        ("missing", 0.75, "This is how much probability is missing. Cross-entropy takes a logarithm."),
        ("sign", -1.3863, "The logarithm of a number below 1 is negative. A loss is not."),
        ("base-ten", 0.6021, "This is the logarithm to the base 10. Here log is the natural logarithm, `np.log`."),
        ("base-two", 2, "This is the logarithm to the base 2. Here log is the natural logarithm, `np.log`."),
        ("others", 0.2877, "You took what the wrong classes got together."),
        ("squared", 0.5625, "This is a squared error."),
        ("probability", 0.25, "This is the probability itself. Cross-entropy takes a logarithm."),
        ("inverse", 4, "One divided by the probability is a good beginning. Cross-entropy takes a logarithm."),
        ("weighted", 0.3466, "It looks as if you multiplied by 0.25. The right class has the target 1, not 0.25."),
        ("rounded", AnyOf(1.3, 1.4), "Nearly. One decimal is too few: round to two.", answer in (1.3, 1.4)),
    ], otherwise="It is computed from one number only: the probability that the right class got.")
    return "Half of this probability, 0.125, would cost 0.69 more: each halving adds the same."


@question(17, "An error in dollars", topic="08", section="3", kind="number")
def dollars(answer):
    """The RMSE in dollars for an MSE of 0.25 in units of 100,000 dollars."""
    if isinstance(answer, tuple):  # 50,000 is a pair
        raise Form(
            "`answer` has a comma, and so it is not a number to Python. Write thousands without a comma, as in 100000."
        )
    answer = expect.number("answer", answer)
    judge("answer", answer, right=50_000, known=[
        ("no-root", 25_000, "The unit of the MSE is a squared one, so it cannot be read as dollars yet."),
        ("unit", 0.5, "In the unit of the target this is right. How many dollars is that?"),
        ("squared", 6_250, "You squared it once more. The way back from a square is another one."),
        ("order", 25_000**0.5, "First the root, then the unit: the unit of the MSE is not 100,000 dollars.",
         close(answer, 25_000**0.5, 1e-3)),
        ("thousands", 50, "In dollars, not in thousands of dollars. To Python, what follows a point are decimals."),
    ], otherwise="There are two things to do: leave the squares, then change the unit to dollars.")
    return "Read it as a typical error, in which large errors count more."


@question(18, "Who fits the scaler?", topic="08", section="6", kind="choose")
def scaler(answer):
    """The scaler is fitted on the training part alone."""
    choose("answer", letter(answer), right="b", known=[
        ("all", "a", "Then the rows you measure with influence the training: a leak."),
        ("each", "c",
         "Then the same district has different numbers in each part. To a network, 0 must mean one thing."),
        ("two-parts", "d",
         "The test part is safe. But then the rows you compare networks with have a say in their training."),
    ])
    return "Other rows are measured with the old ruler; their means are near 0, not exactly, and that is right."


@question(19, "Called twice", topic="09", section="7", kind="number")
def called_twice(answer):
    """The parameters of a shared Dense(10) for four features."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=50, known=[
        ("twice", AnyOf(100, 80), "Two layers have this many. Here a layer is called twice. How often is it made?"),
        ("no-biases", 40, "These are the weights alone."),
        ("side-by-side", 90, "A layer that gets both inputs side by side has this many. Here it gets one per call."),
    ], otherwise="A weight for each pair of input and neuron, a bias for each neuron. How many sets are there?")
    return "In training, both calls contribute to the gradient of this one set, and the contributions add up."


@question(20, "What a call returns", topic="09", section="1", kind="choose")
def call_returns(answer):
    """A layer called on keras.Input returns a KerasTensor."""
    choose("answer", letter(answer), right="d", known=[
        ("numbers", "a", "Numbers flow when a network is called on an array. Where is the array?"),
        ("weights", "b", "This call does make the weights. But they stay inside the layer."),
        ("network", "c", "For that, `keras.Model` must be told where the network begins and where it ends."),
    ])
    return "It also remembers where it comes from; so `keras.Model` finds all layers in between."


@question(21, "One loss from two", topic="10", section="3", kind="number")
def total_loss(answer):
    """0.9 * 0.5 + 0.1 * 2.0."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=0.65, known=[
        ("plain-sum", 2.5, "This is the sum without the loss weights."),
        ("mean", 1.25, "This is the mean. It is the total only if both have the loss weight 0.5."),
        ("swapped", 1.85, "It looks as if the two loss weights have changed places."),
        ("main-only", 0.45, "This is the part of the main output."),
        ("auxiliary-only", 0.2, "This is the part of the auxiliary output."),
        ("halved", 0.325, "The loss weights sum to 1 already. There is nothing to divide by 2."),
    ], otherwise="Each loss is multiplied by its loss weight; then they are added up.")
    return "Despite its small loss weight, the auxiliary output makes nearly a third of it."


@question(22, "In the wrong order", topic="10", section="2", kind="choose")
def wrong_order(answer):
    """Two inputs of one shape that have changed places: nobody notices."""
    choose("answer", letter(answer), right="c", known=[
        ("error", "a", "There is an error where a shape does not fit. Is there such a shape here?"),
        ("columns", "b", "An array has no names for its columns. A list goes by position."),
        ("warning", "d", "By position Keras looks at nothing but the shapes. Is anything wrong with these?"),
    ])
    return "It fits, so it runs; a dictionary with the names of the inputs protects from that."


@question(23, "When does it stop?", topic="11", section="4", kind="number")
def stops_after(answer):
    """The last epoch with the best in epoch 5 and a patience of 3."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=8, known=[
        ("one-more", 9, "When the patience is used up, it stops. It does not wait for one epoch more."),
        ("best-counted", 7, "The best epoch itself is not an epoch without a new best."),
        ("at-best", 5, "In that epoch nobody knows yet that no better one will follow."),
        ("from-start", AnyOf(3, 4), "The patience begins to count again after each new best."),
    ], otherwise="Count the epochs in a row without a new best, beginning after the best one.")
    return "In the epochs 6, 7 and 8 there was no new best; then the patience was used up."


@question(24, "Which weights are left?", topic="11", section="4", kind="choose")
def weights_left(answer):
    """Without restore_best_weights: those of the last epoch."""
    choose("answer", letter(answer), right="a", known=[
        ("best", "b", "You may wish for these. There is an argument for them; what is its default?"),
        ("mean", "c", "The patience only says how long to wait. No weights are averaged."),
        ("start", "d", "Stopping a training run does not undo it."),
    ])
    return "The best ones come back only with `restore_best_weights=True`."


@question(25, "Raw features", topic="12", section="6", kind="choose")
def raw_features(answer):
    """A network without its scaler predicts nonsense, without an error."""
    choose("answer", letter(answer), right="d", known=[
        ("in-the-file", "a", "The file holds what belongs to the network. Was the scaler a layer of it?"),
        ("noticed", "b", "Keras checks how many numbers come in, and what kind. Here both are as agreed."),
        ("adapts", "c", "Predicting changes no weight, so nothing can adapt."),
    ])
    return "A network and its scaler are one thing; a `Normalization` layer keeps both in one file."


@question(26, "A stranger's file", topic="12", section="11", kind="choose")
def stranger(answer):
    """To load a model can mean to run a program."""
    choose("answer", letter(answer), right="b", known=[
        ("data", "a", "Think of a `Lambda` layer: what is in the file for it?"),
        ("predict-only", "c", "In notebook 12 a file printed a sentence. Had anybody predicted anything yet?"),
        ("old-format", "d", "An `.h5` file of a whole model describes its layers, too, a `Lambda` among them."),
    ])
    return "So load a model only if you would also run a program from the same person."


@question(27, "The bill of a grid", topic="13", section="5", kind="number")
def grid(answer):
    """3 * 4 candidates, 5 folds, one refit."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=61, known=[
        ("no-refit", 60, "Something is trained once more when all scores are known."),
        ("no-folds", AnyOf(12, 13), "Each candidate is trained more than once: look at the folds."),
        ("folds-added", AnyOf(17, 18), "The folds do not come on top: for how many folds is *each* candidate trained?"),
        ("added", AnyOf(7, 8, 35, 36), "A grid holds all combinations. Do the numbers of values add up or multiply?"),
        ("refit-all", AnyOf(65, 72), "Only one candidate is trained again at the end, and on all rows at once."),
    ], otherwise="First the number of candidates, then the training runs for all folds, then what `refit` adds.")
    return "For all this the grid tries three learning rates; a random search with the same bill tries twelve."


@question(28, "0.300 or 0.302?", topic="13", section="9", kind="choose")
def two_best(answer):
    """A difference below the spread of seeds says nothing."""
    choose("answer", letter(answer), right="a", known=[
        ("same-rows", "b", "The same rows make it fair. How much would either number move with another seed?"),
        ("luckiest", "c", "The best of many is lucky, too. But that says nothing in favor of the second."),
        ("test-set", "d", "If you choose by the test set, you get a number that is too good."),
    ])
    return "The difference is ten times smaller than what a seed does."


@question(29, "One worker or two", topic="14", section="6", kind="choose")
def same_scores(answer):
    """The scores do not depend on the workers."""
    choose("answer", letter(answer), right="c", known=[
        ("order", "a",
         "Which worker does a fit, and when, is chance. Does a fit need to know what was done before it?"),
        ("rounding", "b", "Other processors or other numbers of threads round sums differently. And here?"),
        ("starts", "d", "Each fit is done once, by one worker. None gets a second start."),
    ])
    return "Each fit begins from the same seed, 42, wherever and whenever it is done."


@question(30, "As many workers as you like", topic="14", section="7", kind="number")
def many_workers(answer):
    """Amdahl's limit for a fifth that cannot be shared out."""
    answer = expect.number("answer", answer)
    judge("answer", answer, right=5, known=[
        ("ratio", 4, "This is how much more can be shared out than cannot. Compare with the whole work."),
        ("other-part", 1.25,
         "With many workers the part that can be shared out is the one that no longer takes any time."),
        ("share", AnyOf(0.2, 0.8, 80), "This is a share of the work. How many times as fast is it?"),
        ("percent", 20, "That is the limit if a twentieth, 5 %, cannot be shared out."),
    ], otherwise="Let the part that can be shared out take no time at all. Which part of the time is left?")
    return "Four workers make it 2.5 times as fast; all further ones together do not quite double that."
