package judges;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

import javax.imageio.ImageIO;

import org.ofdrw.converter.ImageMaker;
import org.ofdrw.reader.ContentExtractor;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Judges of form: veraPDF for PDF/A-3b, ofdrw for OFD. Reads one command a line from standard input
 * (words separated by tabs) and answers with one line: "ok TAB text" or "no TAB why".
 */
public final class Forms {
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        System.setOut(System.err);                 // whatever a library prints is not an answer
        VeraGreenfieldFoundryProvider.initialise();
        java.security.Security.addProvider(new org.bouncycastle.jce.provider.BouncyCastleProvider());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            String answer;
            try {
                answer = "ok\t" + run(words);
            } catch (Throwable e) {
                answer = "no\t" + e;
            }
            OUT.println(answer.replace("\n", " ").replace("\r", " "));
        }
    }

    private static String run(String[] words) throws Exception {
        return switch (words[0]) {
            case "verapdf" -> veraPdf(new File(words[1]));
            case "ofdrw-validate" -> ofdrwValidate(Paths.get(words[1]));
            case "ofdrw-render" -> ofdrwRender(Paths.get(words[1]), Paths.get(words[2]), Double.parseDouble(words[3]));
            case "ofdrw-text" -> ofdrwText(Paths.get(words[1]));
            case "ofdrw-seal" -> Seals.write(words);
            case "ofdrw-make" -> Documents.make(words);
            case "ofdrw-edit" -> Documents.edit(Paths.get(words[1]), Paths.get(words[2]), Paths.get(words[3]),
                    List.of(words).subList(4, words.length));
            case "ofdrw-sign" -> Documents.sign(words);
            case "ofdrw-bench" -> Bench.run(words[1], words[2], words[3], words[4], Integer.parseInt(words[5]));
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        };
    }

    private static String veraPdf(File file) throws Exception {
        try (FileInputStream in = new FileInputStream(file);
             PDFAParser parser = Foundries.defaultInstance().createParser(in, PDFAFlavour.PDFA_3_B);
             PDFAValidator validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_3_B, false)) {
            ValidationResult result = validator.validate(parser);
            if (result.isCompliant()) {
                return "compliant, " + result.getTotalAssertions() + " assertions";
            }
            String failed = result.getTestAssertions().stream()
                    .filter(a -> a.getStatus() == TestAssertion.Status.FAILED)
                    .map(a -> a.getRuleId().getClause() + "-" + a.getRuleId().getTestNumber() + " " + a.getMessage())
                    .distinct().limit(10).collect(Collectors.joining(" | "));
            throw new IllegalStateException("not compliant: " + failed);
        }
    }

    private static String ofdrwValidate(Path file) throws Exception {
        try (OFDReader reader = new OFDReader(file); OFDValidator validator = new OFDValidator(reader)) {
            validator.setValidator(new SESV4ValidateContainer());
            validator.exeValidate();
            return "valid";
        }
    }

    private static String ofdrwRender(Path file, Path folder, double pixelsPerMm) throws Exception {
        List<String> pictures = new ArrayList<>();
        try (OFDReader reader = new OFDReader(file)) {
            ImageMaker maker = new ImageMaker(reader, pixelsPerMm);
            for (int i = 0; i < maker.pageSize(); i++) {
                BufferedImage image = maker.makePage(i);
                File picture = folder.resolve("page-" + (i + 1) + ".png").toFile();
                ImageIO.write(image, "PNG", picture);
                pictures.add(picture.getPath());
            }
        }
        return String.join("\t", pictures);
    }

    private static String ofdrwText(Path file) throws Exception {
        try (OFDReader reader = new OFDReader(file)) {
            ContentExtractor extractor = new ContentExtractor(reader);
            StringBuilder text = new StringBuilder();
            for (int page = 1; page <= reader.getNumberOfPages(); page++) {
                text.append(String.join("", extractor.getPageContent(page))).append('\f');
            }
            return text.toString();
        }
    }
}
