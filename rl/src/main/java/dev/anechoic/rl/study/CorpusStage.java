package dev.anechoic.rl.study;

import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.corpus.CorpusWriter;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.DocumentReader;
import dev.anechoic.model.corpus.Mixture;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.train.Documents;
import dev.anechoic.rl.algorithm.Question;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The data of a study: a tokenizer trained on the mixture, the corpus with its manifest, and the
 * questions for RL and evaluation.
 */
final class CorpusStage {
  /** Documents that the tokenizer learns from. */
  private static final int TOKENIZER_DOCUMENTS = 6_000;

  private final CorpusConfig corpus;
  private final ProblemSource source;

  CorpusStage(CorpusConfig corpus, ProblemSource source) {
    this.corpus = corpus;
    this.source = source;
  }

  /** Learns the tokenizer from the first documents of the mixture, in shares of documents. */
  Tokenizer trainTokenizer(TokenizerConfig config) {
    CorpusConfig byDocuments =
        new CorpusConfig(
            corpus.seed(),
            Mixture.Unit.DOCUMENTS,
            TOKENIZER_DOCUMENTS,
            1,
            corpus.evaluation(),
            corpus.maxSteps(),
            corpus.docstring(),
            corpus.generator(),
            corpus.formats());
    Mixture sample = byDocuments.mixture(source, text -> 0);
    List<String> texts = sample.blocks(1).map(Document::text).toList();
    return Tokenizer.train(texts, config);
  }

  /** Writes corpus, held-out problems and manifest. */
  void write(Path folder, Tokenizer tokenizer) {
    Mixture mixture = corpus.mixture(source, text -> tokenizer.encode(text).length);
    CorpusWriter.write(folder, corpus, mixture, source);
  }

  /** The corpus as token ids. */
  Documents documents(Path folder, Tokenizer tokenizer) {
    List<String> formats = corpus.formatList().stream().map(Format::name).toList();
    Documents documents = new Documents();
    int end = tokenizer.endToken();
    for (Document document : DocumentReader.read(folder.resolve(CorpusWriter.CORPUS), formats)) {
      int[] answer = tokenizer.encode(document.completion());
      int[] ended = Arrays.copyOf(answer, answer.length + 1);
      ended[answer.length] = end;
      documents.add(
          tokenizer.encode(document.prompt() + Document.SEPARATOR), ended, document.format());
    }
    return documents;
  }

  /**
   * Training questions for RL; their documents may be in the corpus, as GSM8K's are in the paper.
   */
  List<Question> trainingQuestions(int count) {
    List<Question> questions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      questions.add(question(source.training(i)));
    }
    return questions;
  }

  /** Held-out questions. */
  List<Question> evaluationQuestions(int count) {
    List<Question> questions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      questions.add(question(source.evaluation(i)));
    }
    return questions;
  }

  private static Question question(Problem problem) {
    return new Question(problem.id(), problem.questionText() + Document.SEPARATOR, problem.gold());
  }
}
