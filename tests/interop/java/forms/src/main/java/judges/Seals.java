package judges;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Date;

import org.bouncycastle.asn1.ASN1Boolean;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.ofdrw.gm.ses.v1.ExtData;
import org.ofdrw.gm.ses.v1.ExtensionDatas;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v1.SES_SignInfo;
import org.ofdrw.gm.ses.v4.CertDigestList;
import org.ofdrw.gm.ses.v4.CertDigestObj;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SES_CertList;

/**
 * Seals as ofdrw writes them, for the import: version 1, version 4 (listing the certificate or its digest) and, with the
 * classes of version 4, version 5, whose seal is the same but for the number in the header.
 */
final class Seals {
    private static final String VENDOR = "OFDRW";

    private Seals() {
    }

    /** words: form (v1, v4, v4-digest, v5), key (PKCS#8), maker, signer, picture, name, esID, mm, created, start, end (seconds), out. */
    static String write(String[] words) throws Exception {
        PrivateKey key = KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(read(words[2])));
        DEROctetString maker = new DEROctetString(read(words[3]));
        byte[] signer = read(words[4]);
        SES_ESPictrueInfo picture = new SES_ESPictrueInfo().setType("PNG").setData(read(words[5]))
                .setWidth(Long.parseLong(words[8])).setHeight(Long.parseLong(words[8]));
        Date[] dates = {date(words[9]), date(words[10]), date(words[11])};
        ASN1Object seal = words[1].equals("v1")
                ? first(key, maker, signer, picture, words[6], words[7], dates)
                : later(words[1], key, maker, signer, picture, words[6], words[7], dates);
        Path out = Paths.get(words[12]);
        Files.write(out, seal.getEncoded("DER"));
        return out.toString();
    }

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Paths.get(path));
    }

    private static Date date(String seconds) {
        return new Date(Long.parseLong(seconds) * 1000);
    }

    private static byte[] sign(PrivateKey key, byte[] message) throws Exception {
        Signature signature = Signature.getInstance("SM3WithSM2", "BC");
        signature.initSign(key);
        signature.update(message);
        return signature.sign();
    }

    private static ASN1Object first(PrivateKey key, DEROctetString maker, byte[] signer, SES_ESPictrueInfo picture, String name, String id, Date[] dates) throws Exception {
        org.ofdrw.gm.ses.v1.SES_ESPropertyInfo property = new org.ofdrw.gm.ses.v1.SES_ESPropertyInfo()
                .setType(1).setName(name).setCertList(new DERSequence(new DEROctetString(signer)))
                .setCreateDate(new ASN1UTCTime(dates[0])).setValidStart(new ASN1UTCTime(dates[1])).setValidEnd(new ASN1UTCTime(dates[2]));
        ExtData extension = new ExtData(new ASN1ObjectIdentifier("1.2.3.4"), ASN1Boolean.FALSE, new DEROctetString(new byte[] {1}));
        org.ofdrw.gm.ses.v1.SES_SealInfo info = new org.ofdrw.gm.ses.v1.SES_SealInfo()
                .setHeader(new SES_Header(new ASN1Integer(1), new DERIA5String(VENDOR))).setEsID(id)
                .setProperty(property).setPicture(picture).setExtDatas(new ExtensionDatas(new ExtData[] {extension}));
        ASN1EncodableVector signed = new ASN1EncodableVector(3);
        signed.add(info);
        signed.add(maker);
        signed.add(GMObjectIdentifiers.sm2sign_with_sm3);
        SES_SignInfo signature = new SES_SignInfo().setCert(maker).setSignatureAlgorithm(GMObjectIdentifiers.sm2sign_with_sm3)
                .setSignData(sign(key, new DERSequence(signed).getEncoded("DER")));
        return new org.ofdrw.gm.ses.v1.SESeal(info, signature);
    }

    private static ASN1Object later(String form, PrivateKey key, DEROctetString maker, byte[] signer, SES_ESPictrueInfo picture, String name, String id, Date[] dates) throws Exception {
        boolean digest = form.equals("v4-digest");
        SES_CertList list = digest
                ? new SES_CertList(new CertDigestList(new CertDigestObj[] {new CertDigestObj().setType("SM3").setValue(
                        java.security.MessageDigest.getInstance("SM3", "BC").digest(signer))}))
                : new SES_CertList(CertInfoList.getInstance(new DERSequence(new DEROctetString(signer))));
        org.ofdrw.gm.ses.v4.SES_ESPropertyInfo property = new org.ofdrw.gm.ses.v4.SES_ESPropertyInfo()
                .setType(new ASN1Integer(1)).setName(new DERUTF8String(name)).setCertListType(new ASN1Integer(digest ? 2 : 1)).setCertList(list)
                .setCreateDate(new ASN1GeneralizedTime(dates[0])).setValidStart(new ASN1GeneralizedTime(dates[1])).setValidEnd(new ASN1GeneralizedTime(dates[2]));
        org.ofdrw.gm.ses.v4.SES_SealInfo info = new org.ofdrw.gm.ses.v4.SES_SealInfo()
                .setHeader(new SES_Header(new ASN1Integer(form.equals("v5") ? 5 : 4), new DERIA5String(VENDOR))).setEsID(id)
                .setProperty(property).setPicture(picture);
        return new org.ofdrw.gm.ses.v4.SESeal().seteSealInfo(info).setCert(maker).setSignAlgID(GMObjectIdentifiers.sm2sign_with_sm3)
                .setSignedValue(sign(key, info.getEncoded("DER")));
    }
}
